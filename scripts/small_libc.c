/*
 * Two functions of the C library, small enough for a router: cross.toml links this file in front of
 * zig's library, which then keeps its own at home.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>

/*
 * musl names another thread through a file in /proc, and makes the file's name with snprintf(): 16 KB
 * of printf() that nothing else calls. std names no thread but the one that runs, which takes one
 * system call.
 */
int pthread_setname_np(pthread_t thread, const char *name)
{
	if (!pthread_equal(thread, pthread_self()))
		return ENOTSUP;
	return prctl(PR_SET_NAME, name) ? errno : 0;
}

/*
 * Zig's is made for millions of elements and takes 4 KB more. Its one caller is getaddrinfo(), which
 * puts the addresses of a host in order, at most 48: an insertion sort does.
 */
void qsort(void *base, size_t count, size_t size, int (*order)(const void *, const void *))
{
	char *first = base;

	for (size_t i = 1; i < count; i++)
		for (char *a = first + i * size; a > first && order(a - size, a) > 0; a -= size)
			for (size_t byte = 0; byte < size; byte++) {
				char kept = a[byte];

				a[byte] = a[byte - size];
				a[byte - size] = kept;
			}
}
