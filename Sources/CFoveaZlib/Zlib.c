#include "CFoveaZlib.h"

#if __has_include(<zlib.h>)
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#ifdef __APPLE__
#define LIBRARY "libz.1.dylib"
#else
#define LIBRARY "libz.so.1"
#endif

// One line a function: the type comes from the header, the address from the library.
#define FUNCTIONS(X) X(zlibVersion) X(inflateInit2_) X(inflate) X(inflateReset) X(inflateEnd) X(crc32)
#define FIELD(f) __typeof__(&f) f;
static struct { FUNCTIONS(FIELD) } lib;

static const char *version(void) { return lib.zlibVersion(); }

static void *new_inflater(int window_bits) {
    z_stream *stream = calloc(1, sizeof *stream);
    if (!stream) return NULL;
    if (lib.inflateInit2_(stream, window_bits, ZLIB_VERSION, (int)sizeof *stream) != Z_OK) {
        free(stream);
        return NULL;
    }
    return stream;
}

static int run(void *inflater, struct fovea_zlib_io *io) {
    z_stream *stream = inflater;
    // zlib counts in 32 bits, files do not.
    const size_t most = 1u << 30;
    uInt in = (uInt)(io->in_size < most ? io->in_size : most);
    uInt out = (uInt)(io->out_size < most ? io->out_size : most);
    stream->next_in = (Bytef *)io->in;
    stream->avail_in = in;
    stream->next_out = io->out;
    stream->avail_out = out;
    int status = lib.inflate(stream, Z_NO_FLUSH);
    size_t used = in - stream->avail_in, made = out - stream->avail_out;
    if (used) { io->in += used; io->in_size -= used; }
    if (made) { io->out += made; io->out_size -= made; }
    switch (status) {
    case Z_OK:
    case Z_BUF_ERROR: return FOVEA_ZLIB_MORE;
    case Z_STREAM_END: return FOVEA_ZLIB_END;
    case Z_MEM_ERROR: return FOVEA_ZLIB_MEMORY;
    default: return FOVEA_ZLIB_CORRUPT;
    }
}

static void reset(void *inflater) { lib.inflateReset(inflater); }

static const char *message(void *inflater) {
    const char *text = ((z_stream *)inflater)->msg;
    return text ? text : "the compressed data is damaged";
}

static void release(void *inflater) {
    lib.inflateEnd(inflater);
    free(inflater);
}

static uint32_t checksum(uint32_t crc, const uint8_t *bytes, size_t size) {
    const size_t most = 1u << 30;
    uLong sum = crc;
    while (size) {
        uInt part = (uInt)(size < most ? size : most);
        sum = lib.crc32(sum, bytes, part);
        bytes += part;
        size -= part;
    }
    return (uint32_t)sum;
}

static const struct fovea_zlib table = {version, new_inflater, run, reset, message, release, checksum};

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
    if (switched_off("zlib")) {
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

const struct fovea_zlib *fovea_zlib_open(const char **why) {
    pthread_once(&once, open_once);
    *why = ready ? NULL : problem;
    return ready ? &table : NULL;
}
#else
const struct fovea_zlib *fovea_zlib_open(const char **why) {
    *why = "built without zlib's header (install zlib1g-dev and build again)";
    return NULL;
}
#endif
