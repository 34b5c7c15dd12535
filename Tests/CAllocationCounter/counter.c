#include "CAllocationCounter.h"
#if defined(__linux__)
#include <stddef.h>

// The program's own malloc goes before the C library's, for libraries opened at run time too.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
// Set by the shim around every call into the library, which allocates in each execute.
extern _Thread_local int fovea_onednn_inside;

static _Thread_local long count;
static void note(void) {
  if (!fovea_onednn_inside) count++;
}
long allocation_count(void) { return count; }
void *malloc(size_t size) { note(); return __libc_malloc(size); }
void *calloc(size_t n, size_t size) { note(); return __libc_calloc(n, size); }
void *realloc(void *old, size_t size) { note(); return __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) { note(); return __libc_memalign(alignment, size); }
void *memalign(size_t alignment, size_t size) { note(); return __libc_memalign(alignment, size); }
int posix_memalign(void **result, size_t alignment, size_t size) {
  note();
  *result = __libc_memalign(alignment, size);
  return *result ? 0 : 12;
}
#else
long allocation_count(void) { return -1; }
#endif
