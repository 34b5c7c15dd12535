#include "CFoveaPNG.h"

#if __has_include(<png.h>)
#include <dlfcn.h>
#include <png.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __APPLE__
#define LIBRARY "libpng16.16.dylib"
#else
#define LIBRARY "libpng16.so.16"
#endif

// One line a function: the type comes from the header, the address from the library. Only the
// simplified interface: it has no setjmp, reports errors by value and converts every kind of picture.
#define FUNCTIONS(X)                                                                                        \
    X(png_get_libpng_ver) X(png_image_begin_read_from_memory) X(png_image_finish_read)                      \
    X(png_image_write_to_memory) X(png_image_free)
#define FIELD(f) __typeof__(&f) f;
static struct { FUNCTIONS(FIELD) } lib;

static const char *version(void) { return lib.png_get_libpng_ver(NULL); }

static void tell(const png_image *image, char *message) {
    snprintf(message, FOVEA_PNG_MESSAGE, "%s", image->message[0] ? image->message : "libpng gives no reason");
}

static png_uint_32 format(int channels) {
    switch (channels) {
    case 1: return PNG_FORMAT_GRAY;
    case 2: return PNG_FORMAT_GA;
    case 4: return PNG_FORMAT_RGBA;
    default: return PNG_FORMAT_RGB;
    }
}

static int info(const void *bytes, size_t size, struct fovea_png_info *info, char *message) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!lib.png_image_begin_read_from_memory(&image, bytes, size)) {
        tell(&image, message);
        return 1;
    }
    info->width = image.width;
    info->height = image.height;
    info->has_colour = (image.format & PNG_FORMAT_FLAG_COLOR) != 0;
    info->has_alpha = (image.format & PNG_FORMAT_FLAG_ALPHA) != 0;
    lib.png_image_free(&image);
    return 0;
}

static int decode(const void *bytes, size_t size, int channels, uint8_t *pixels, size_t room, char *message) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!lib.png_image_begin_read_from_memory(&image, bytes, size)) {
        tell(&image, message);
        return 1;
    }
    // libpng takes 16-bit pictures without a colour space for linear light; everybody else does not.
    image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    image.format = format(channels);
    if ((uint64_t)image.width * image.height * (uint64_t)channels != room) {
        lib.png_image_free(&image);
        snprintf(message, FOVEA_PNG_MESSAGE, "the picture changed while it was read");
        return 1;
    }
    if (!lib.png_image_finish_read(&image, NULL, pixels, 0, NULL)) {
        tell(&image, message);
        return 1;
    }
    return 0;
}

static size_t bound(uint32_t width, uint32_t height, int channels) {
    png_image image = {.version = PNG_IMAGE_VERSION, .width = width, .height = height};
    image.format = format(channels);
    // The macro counts in what may be 32 bits.
    if ((uint64_t)width * height * (uint64_t)channels > 1u << 30) return 0;
    return PNG_IMAGE_PNG_SIZE_MAX(image);
}

static int encode(uint32_t width, uint32_t height, int channels, const uint8_t *pixels, void *file, size_t *size,
                  char *message) {
    png_image image = {.version = PNG_IMAGE_VERSION, .width = width, .height = height};
    image.format = format(channels);
    png_alloc_size_t written = *size;
    if (!lib.png_image_write_to_memory(&image, file, &written, 0, pixels, 0, NULL)) {
        tell(&image, message);
        return 1;
    }
    *size = written;
    return 0;
}

static const struct fovea_png table = {version, info, decode, bound, encode};

static char problem[400];
static bool ready;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/// True when the comma-separated list FOVEA_WITHOUT names the library: tests do without it that way.
static bool switched_off(const char *name) {
    const char *at = getenv("FOVEA_WITHOUT");
    for (size_t size = strlen(name); at && *at; at += strcspn(at, ",")) {
        at += strspn(at, ", ");
        if (strcspn(at, ", ") == size && strncmp(at, name, size) == 0) return true;
    }
    return false;
}

static void open_once(void) {
    if (switched_off("png")) {
        snprintf(problem, sizeof problem, "switched off by FOVEA_WITHOUT");
        return;
    }
    void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        snprintf(problem, sizeof problem, "%s", dlerror());
        return;
    }
#define LOAD(f)                                                                \
    if (!(lib.f = (__typeof__(&f))dlsym(handle, #f))) {                        \
        snprintf(problem, sizeof problem, LIBRARY " lacks " #f);               \
        return;                                                                \
    }
    FUNCTIONS(LOAD)
    ready = true;
}

const struct fovea_png *fovea_png_open(const char **why) {
    pthread_once(&once, open_once);
    *why = ready ? NULL : problem;
    return ready ? &table : NULL;
}
#else
const struct fovea_png *fovea_png_open(const char **why) {
    *why = "built without libpng's header (install libpng-dev and build again)";
    return NULL;
}
#endif
