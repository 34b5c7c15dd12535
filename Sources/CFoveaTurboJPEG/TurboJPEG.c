#include "CFoveaTurboJPEG.h"

#if __has_include(<turbojpeg.h>)
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#ifdef __APPLE__
#define LIBRARY "libturbojpeg.0.dylib"
#else
#define LIBRARY "libturbojpeg.so.0"
#endif

// One line a function: the type comes from the header, the address from the library. The version 2
// names, which version 3 still has.
#define FUNCTIONS(X)                                                                                        \
    X(tjInitDecompress) X(tjDecompressHeader3) X(tjDecompress2) X(tjDestroy) X(tjGetErrorStr2) X(tjGetErrorCode)
#define FIELD(f) __typeof__(&f) f;
static struct { FUNCTIONS(FIELD) } lib;

static void tell(tjhandle handle, char *message) {
    snprintf(message, FOVEA_TURBOJPEG_MESSAGE, "%s", lib.tjGetErrorStr2(handle));
}

/// True for libjpeg's warnings that leave every pixel as it was meant: cameras and editors write such
/// files. The words decide, since the code says "warning" also for an error that follows a warning,
/// and for files that are cut off, whose rest is then gray.
static bool is_harmless(const char *message) {
    return strstr(message, "extraneous bytes before marker") || strstr(message, "unknown JFIF revision")
        || strstr(message, "Unknown Adobe color transform") || strstr(message, "Invalid SOS parameters for sequential");
}

/// Scans of a progressive file: each goes through all pixels again, and no encoder makes more than a few dozen. The
/// bytes FF DA stand nowhere else in compressed data; a thumbnail has a few of its own.
enum { most_scans = 200 };

static int scans(const uint8_t *bytes, size_t size) {
    int count = 0;
    const uint8_t *at = bytes, *end = bytes + size;
    while ((at = memchr(at, 0xff, (size_t)(end - at))) && end - at > 1) {
        if (at[1] == 0xda) count++;
        at++;
    }
    return count;
}

static int info(const void *bytes, size_t size, struct fovea_turbojpeg_info *info, char *message) {
    tjhandle handle = lib.tjInitDecompress();       // one for each call, so that any thread may call
    if (!handle) {
        tell(NULL, message);
        return 1;
    }
    int found = scans(bytes, size);
    if (found > most_scans) {
        snprintf(message, FOVEA_TURBOJPEG_MESSAGE, "it has %d scans, and files of at most %d are decoded", found, most_scans);
        lib.tjDestroy(handle);
        return 1;
    }
    int sampling = 0, space = 0;
    info->width = info->height = 0;
    int status = lib.tjDecompressHeader3(handle, bytes, size, &info->width, &info->height, &sampling, &space);
    if (status != 0) {
        tell(handle, message);
        if (lib.tjGetErrorCode(handle) == TJERR_WARNING && is_harmless(message) && info->width > 0) status = 0;
    }
    lib.tjDestroy(handle);
    if (status != 0) return 1;
    info->channels = space == TJCS_GRAY ? 1 : space == TJCS_CMYK || space == TJCS_YCCK ? 4 : 3;
    return 0;
}

static int decode(const void *bytes, size_t size, int channels, int width, int height, uint8_t *pixels,
                  char *message) {
    tjhandle handle = lib.tjInitDecompress();
    if (!handle) {
        tell(NULL, message);
        return 1;
    }
    int format = channels == 1 ? TJPF_GRAY : channels == 4 ? TJPF_CMYK : TJPF_RGB;
    int status = lib.tjDecompress2(handle, bytes, size, pixels, width, 0, height, format, 0);
    if (status != 0) {
        tell(handle, message);
        if (lib.tjGetErrorCode(handle) == TJERR_WARNING && is_harmless(message)) status = 0;
    }
    lib.tjDestroy(handle);
    return status != 0;
}

static const struct fovea_turbojpeg table = {info, decode};

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
    if (switched_off("turbojpeg")) {
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

const struct fovea_turbojpeg *fovea_turbojpeg_open(const char **why) {
    pthread_once(&once, open_once);
    *why = ready ? NULL : problem;
    return ready ? &table : NULL;
}
#else
const struct fovea_turbojpeg *fovea_turbojpeg_open(const char **why) {
    *why = "built without TurboJPEG's header (install libturbojpeg0-dev and build again)";
    return NULL;
}
#endif
