// What Swift sees of zlib: our own names, no header of theirs. zlib need not be there, neither when
// this is compiled nor when the program starts.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// What is still to be read and where the result goes; moved forward by `inflate`.
struct fovea_zlib_io {
    const uint8_t *_Nullable in;
    size_t in_size;
    uint8_t *_Nullable out;
    size_t out_size;
};

/// What `inflate` answers.
enum {
    FOVEA_ZLIB_MORE = 0,      ///< not at the end: more input or more room is needed
    FOVEA_ZLIB_END = 1,       ///< a whole stream came out and its checksum is right
    FOVEA_ZLIB_CORRUPT = -1,  ///< `message` says what is wrong
    FOVEA_ZLIB_MEMORY = -2,
};

struct fovea_zlib {
    /// "1.2.13"
    const char *_Nonnull (*_Nonnull version)(void);
    /// A new inflater: 47 for gzip or zlib by content, -15 for bare deflate; NULL without memory.
    void *_Nullable (*_Nonnull inflater)(int window_bits);
    int (*_Nonnull inflate)(void *_Nonnull inflater, struct fovea_zlib_io *_Nonnull io);
    /// Makes ready for the next stream of the same kind.
    void (*_Nonnull reset)(void *_Nonnull inflater);
    /// What went wrong last, valid until the next call; never NULL.
    const char *_Nonnull (*_Nonnull message)(void *_Nonnull inflater);
    void (*_Nonnull release)(void *_Nonnull inflater);
    /// CRC-32 as gzip and zip use it; start with 0.
    uint32_t (*_Nonnull crc32)(uint32_t crc, const uint8_t *_Nullable bytes, size_t size);
};

/// Opens the library once (from any thread). NULL when it cannot be had; `*why` then says why not.
const struct fovea_zlib *_Nullable fovea_zlib_open(const char *_Nullable *_Nonnull why);
