#include "CFoveaCurl.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// libcurl is on every machine that has Swift, but its header seldom is. Its interface is frozen since 2006 (soname 4):
// these few types and numbers are part of it, and are held against the header where there is one.
typedef void CURL_handle;
typedef int CURL_code;
enum {
    OPT_WRITEDATA = 10001, OPT_URL = 10002, OPT_ERRORBUFFER = 10010, OPT_RANGE = 10007, OPT_USERAGENT = 10018,
    OPT_WRITEFUNCTION = 20011, OPT_LOW_SPEED_LIMIT = 19, OPT_LOW_SPEED_TIME = 20, OPT_FOLLOWLOCATION = 52,
    OPT_MAXREDIRS = 68, OPT_CONNECTTIMEOUT = 78, OPT_NOSIGNAL = 99, OPT_PROTOCOLS = 181, OPT_REDIR_PROTOCOLS = 182,
    INFO_RESPONSE_CODE = 0x200002, INFO_CONTENT_LENGTH = 0x60000f,
    PROTOCOL_HTTP = 1, PROTOCOL_HTTPS = 2, GLOBAL_ALL = 3, CODE_WRITE_ERROR = 23,
};
#if __has_include(<curl/curl.h>)
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#undef curl_easy_setopt
#undef curl_easy_getinfo
#define SAME(ours, theirs) _Static_assert((long)(ours) == (long)(theirs), #theirs)
SAME(OPT_WRITEDATA, CURLOPT_WRITEDATA); SAME(OPT_URL, CURLOPT_URL); SAME(OPT_ERRORBUFFER, CURLOPT_ERRORBUFFER);
SAME(OPT_RANGE, CURLOPT_RANGE); SAME(OPT_USERAGENT, CURLOPT_USERAGENT);
SAME(OPT_WRITEFUNCTION, CURLOPT_WRITEFUNCTION); SAME(OPT_LOW_SPEED_LIMIT, CURLOPT_LOW_SPEED_LIMIT);
SAME(OPT_LOW_SPEED_TIME, CURLOPT_LOW_SPEED_TIME); SAME(OPT_FOLLOWLOCATION, CURLOPT_FOLLOWLOCATION);
SAME(OPT_MAXREDIRS, CURLOPT_MAXREDIRS); SAME(OPT_CONNECTTIMEOUT, CURLOPT_CONNECTTIMEOUT);
SAME(OPT_NOSIGNAL, CURLOPT_NOSIGNAL); SAME(INFO_RESPONSE_CODE, CURLINFO_RESPONSE_CODE);
SAME(INFO_CONTENT_LENGTH, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T); SAME(GLOBAL_ALL, CURL_GLOBAL_ALL);
SAME(CODE_WRITE_ERROR, CURLE_WRITE_ERROR); SAME(FOVEA_CURL_MESSAGE, CURL_ERROR_SIZE);
SAME(PROTOCOL_HTTP, CURLPROTO_HTTP); SAME(PROTOCOL_HTTPS, CURLPROTO_HTTPS);
#endif

#ifdef __APPLE__
static const char *const names[] = {"libcurl.4.dylib"};
#else
// Debian builds one against OpenSSL and one against GnuTLS.
static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
#endif

static struct {
    CURL_code (*curl_global_init)(long flags);
    char *(*curl_version)(void);
    CURL_handle *(*curl_easy_init)(void);
    CURL_code (*curl_easy_setopt)(CURL_handle *handle, int option, ...);
    CURL_code (*curl_easy_perform)(CURL_handle *handle);
    CURL_code (*curl_easy_getinfo)(CURL_handle *handle, int info, ...);
    const char *(*curl_easy_strerror)(CURL_code code);
    void (*curl_easy_cleanup)(CURL_handle *handle);
} lib;

struct transfer {
    const struct fovea_curl_request *request;
    CURL_handle *handle;
    bool refused;
};

static size_t write_some(char *bytes, size_t size, size_t count, void *context) {
    struct transfer *transfer = context;
    long status = 0;
    int64_t total = -1;
    lib.curl_easy_getinfo(transfer->handle, INFO_RESPONSE_CODE, &status);
    lib.curl_easy_getinfo(transfer->handle, INFO_CONTENT_LENGTH, &total);
    const struct fovea_curl_request *request = transfer->request;
    if (request->take(request->context, status, total, (const uint8_t *)bytes, size * count) != 0) {
        transfer->refused = true;
        return 0;
    }
    return size * count;
}

static int get(const struct fovea_curl_request *request, long *status, char *message) {
    *status = 0;
    message[0] = 0;
    CURL_handle *handle = lib.curl_easy_init();
    if (!handle) {
        snprintf(message, FOVEA_CURL_MESSAGE, "libcurl has no memory");
        return 27;
    }
    struct transfer transfer = {request, handle, false};
    char range[32];
    lib.curl_easy_setopt(handle, OPT_URL, request->url);
    lib.curl_easy_setopt(handle, OPT_USERAGENT, request->agent);
    lib.curl_easy_setopt(handle, OPT_ERRORBUFFER, message);
    lib.curl_easy_setopt(handle, OPT_WRITEFUNCTION, write_some);
    lib.curl_easy_setopt(handle, OPT_WRITEDATA, &transfer);
    lib.curl_easy_setopt(handle, OPT_NOSIGNAL, 1L);
    lib.curl_easy_setopt(handle, OPT_FOLLOWLOCATION, 1L);
    lib.curl_easy_setopt(handle, OPT_MAXREDIRS, 10L);
    lib.curl_easy_setopt(handle, OPT_PROTOCOLS, (long)(PROTOCOL_HTTP | PROTOCOL_HTTPS));
    lib.curl_easy_setopt(handle, OPT_REDIR_PROTOCOLS, (long)(PROTOCOL_HTTP | PROTOCOL_HTTPS));
    lib.curl_easy_setopt(handle, OPT_CONNECTTIMEOUT, request->connect_seconds);
    lib.curl_easy_setopt(handle, OPT_LOW_SPEED_LIMIT, 1L);
    lib.curl_easy_setopt(handle, OPT_LOW_SPEED_TIME, request->stall_seconds);
    if (request->offset > 0) {
        snprintf(range, sizeof range, "%lld-", (long long)request->offset);
        lib.curl_easy_setopt(handle, OPT_RANGE, range);
    }
    CURL_code code = lib.curl_easy_perform(handle);
    lib.curl_easy_getinfo(handle, INFO_RESPONSE_CODE, status);
    if (code != 0 && !message[0]) snprintf(message, FOVEA_CURL_MESSAGE, "%s", lib.curl_easy_strerror(code));
    lib.curl_easy_cleanup(handle);
    return code == CODE_WRITE_ERROR && transfer.refused ? -1 : code;
}

static const char *version(void) { return lib.curl_version(); }

static const struct fovea_curl table = {version, get};

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
    if (switched_off("curl")) {
        snprintf(problem, sizeof problem, "switched off by FOVEA_WITHOUT");
        return;
    }
    void *handle = NULL;
    for (size_t index = 0; !handle && index < sizeof names / sizeof *names; index++)
        handle = dlopen(names[index], RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        snprintf(problem, sizeof problem, "%s", dlerror());
        return;
    }
#define LOAD(f)                                                                \
    if (!(lib.f = (__typeof__(lib.f))dlsym(handle, #f))) {                     \
        snprintf(problem, sizeof problem, "libcurl lacks " #f);                \
        return;                                                                \
    }
    LOAD(curl_global_init) LOAD(curl_version) LOAD(curl_easy_init) LOAD(curl_easy_setopt) LOAD(curl_easy_perform)
    LOAD(curl_easy_getinfo) LOAD(curl_easy_strerror) LOAD(curl_easy_cleanup)
    if (lib.curl_global_init(GLOBAL_ALL) != 0) {
        snprintf(problem, sizeof problem, "libcurl cannot be set up");
        return;
    }
    ready = true;
}

const struct fovea_curl *fovea_curl_open(const char **why) {
    pthread_once(&once, open_once);
    *why = ready ? NULL : problem;
    return ready ? &table : NULL;
}
