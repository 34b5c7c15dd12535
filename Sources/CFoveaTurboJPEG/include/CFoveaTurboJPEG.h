// What Swift sees of TurboJPEG: our own names, no header of theirs. The library need not be there,
// neither when this is compiled nor when the program starts.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// What a picture's header says.
struct fovea_turbojpeg_info {
    int width, height;
    /// Components to decode to without loss: 1 gray, 3 colour, 4 printing inks (CMYK).
    int channels;
};

/// Room for TurboJPEG's own words about what went wrong.
enum { FOVEA_TURBOJPEG_MESSAGE = 256 };

struct fovea_turbojpeg {
    /// Reads the header only. 0 when it worked, else `message` is filled.
    int (*_Nonnull info)(const void *_Nonnull bytes, size_t size, struct fovea_turbojpeg_info *_Nonnull info,
                         char *_Nonnull message);
    /// Decodes into `pixels`, rows without padding, 1 (gray), 3 (RGB) or 4 (CMYK as stored) bytes a
    /// pixel; width and height must be the header's, or both divided by 2, 4 or 8 and rounded up: then
    /// the blocks are decoded at that size, which is the mean of the pixels but for rounding. 0 when it worked.
    int (*_Nonnull decode)(const void *_Nonnull bytes, size_t size, int channels, int width, int height,
                           uint8_t *_Nonnull pixels, char *_Nonnull message);
};

/// Opens the library once (from any thread). NULL when it cannot be had; `*why` then says why not.
const struct fovea_turbojpeg *_Nullable fovea_turbojpeg_open(const char *_Nullable *_Nonnull why);
