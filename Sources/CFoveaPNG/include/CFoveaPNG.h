// What Swift sees of libpng: our own names, no header of theirs. libpng need not be there, neither
// when this is compiled nor when the program starts.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// What a picture's header says.
struct fovea_png_info {
    uint32_t width, height;
    int has_colour, has_alpha;
};

/// Room for libpng's own words about what went wrong.
enum { FOVEA_PNG_MESSAGE = 128 };

struct fovea_png {
    /// "1.6.39"
    const char *_Nonnull (*_Nonnull version)(void);
    /// Reads the header only. 0 when it worked, else `message` is filled.
    int (*_Nonnull info)(const void *_Nonnull bytes, size_t size, struct fovea_png_info *_Nonnull info,
                         char *_Nonnull message);
    /// Decodes into `pixels`, rows without padding, 1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGBA)
    /// bytes a pixel; `room` is the number of bytes there. 0 when it worked.
    int (*_Nonnull decode)(const void *_Nonnull bytes, size_t size, int channels, uint8_t *_Nonnull pixels,
                           size_t room, char *_Nonnull message);
    /// Bytes that a picture takes at most as a file; 0 when it is too large for libpng.
    size_t (*_Nonnull bound)(uint32_t width, uint32_t height, int channels);
    /// Encodes into `file`; `*size` is the room there and becomes the bytes written. 0 when it worked.
    int (*_Nonnull encode)(uint32_t width, uint32_t height, int channels, const uint8_t *_Nonnull pixels,
                           void *_Nonnull file, size_t *_Nonnull size, char *_Nonnull message);
};

/// Opens the library once (from any thread). NULL when it cannot be had; `*why` then says why not.
const struct fovea_png *_Nullable fovea_png_open(const char *_Nullable *_Nonnull why);
