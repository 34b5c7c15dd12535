// What Swift sees of libcurl: one function. The library need not be there, neither when this is compiled nor when the
// program starts.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Room for libcurl's own words about what went wrong.
enum { FOVEA_CURL_MESSAGE = 256 };

/// Takes what has come. `status` is HTTP's, `total` the bytes that the answer announces, -1 when it does not say.
/// Anything but 0 ends the transfer.
typedef int (*fovea_curl_take)(void *_Nullable context, long status, int64_t total, const uint8_t *_Nonnull bytes,
                               size_t count);

struct fovea_curl_request {
    const char *_Nonnull url;
    const char *_Nonnull agent;
    /// Bytes that are here already and need not come again.
    int64_t offset;
    /// Seconds to wait for a connection, and seconds after which a transfer that stands still is given up.
    long connect_seconds, stall_seconds;
    fovea_curl_take _Nonnull take;
    void *_Nullable context;
};

struct fovea_curl {
    const char *_Nonnull (*_Nonnull version)(void);
    /// Gets `url` over http or https, redirections followed. 0 when the answer came to its end, -1 when `take` ended
    /// it, else libcurl's number, and `message` is filled. `*status` is HTTP's, 0 when there was no answer.
    int (*_Nonnull get)(const struct fovea_curl_request *_Nonnull request, long *_Nonnull status,
                        char *_Nonnull message);
};

/// Opens the library once (from any thread). NULL when it cannot be had; `*why` then says why not.
const struct fovea_curl *_Nullable fovea_curl_open(const char *_Nullable *_Nonnull why);
