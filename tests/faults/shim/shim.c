/* Stands between a program and the C library: notes what the program does to the files of one folder, and makes the
 * disk under them slow, full or faulty. Loaded with LD_PRELOAD; tests/faults/trace.py compiles it and reads its notes.
 *
 * SHIM_WATCH           the folder, an absolute path without links; nothing outside is noted or disturbed
 * SHIM_TRACE           notes are appended here (outside the folder); unset: none are taken
 * SHIM_ACKS            what the program writes to this file is noted as an acknowledgement
 * SHIM_KILL_AT         kill the process at this note
 * SHIM_FSYNC_DELAY_MS  each fsync and fdatasync takes so much longer
 * SHIM_EIO_FSYNC_N     the Nth fsync or fdatasync fails once with EIO and reaches no disk
 * SHIM_ENOSPC_AFTER    files may grow by so many bytes in all, then ENOSPC, until the file SHIM_FREED exists
 *
 * Act and note are one step under a lock that forked processes share, so the order of the notes is the order of the
 * acts. An fsync has two notes, for others write meanwhile: it covers what came before the first. Not seen: stdio
 * (fopen), memory maps, dup, io_uring. SQLite's -shm is a map that is made anew at each start: left out. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum act { OPEN = 1, CREATE, WRITE, TRUNCATE, UNLINK, RENAME, LINK, MKDIR, CLOSE, FSYNC, SYNCED, FAILED, ACK };
enum { FDS = 1 << 16, MAGIC = 0x4d494853, MAP = PROT_READ | PROT_WRITE, ANON = MAP_SHARED | MAP_ANONYMOUS };

struct note { uint32_t magic, act; uint64_t seq, file; int64_t at; uint32_t name, data; }; /* then name, then data */
static struct shared { pthread_mutex_t lock; uint64_t notes, syncs; int64_t spare; } *shared;
static struct { uint64_t file; char kind; } fds[FDS]; /* kind: 'f' file, 'd' folder, 'a' acknowledgements, 0 other */
static char watch[4096], acks[4096], freed[4096];
static size_t watch_length;
static int trace = -1, full;
static uint64_t kill_at, eio_at;
static long delay_ms;
static pid_t owner; /* a child between vfork and exec shares our memory, and what it closes is still open here */

#define REAL(type, name, ...) ({ static type (*f)(__VA_ARGS__); if (!f) f = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name); f; })
#define REAL_OPENAT REAL(int, "openat64", int, const char *, int, ...)
#define REAL_CLOSE REAL(int, "close", int)

static long number(const char *name) { const char *text = getenv(name); return text ? atol(text) : 0; }

static void own(void) { owner = getpid(); }

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("SHIM_WATCH");
    if (!text) return;
    own();
    pthread_atfork(NULL, NULL, own); /* fork runs this in the child, vfork does not */
    watch_length = strlen(strncpy(watch, text, sizeof watch - 1));
    if ((text = getenv("SHIM_ACKS"))) strncpy(acks, text, sizeof acks - 1);
    if ((text = getenv("SHIM_FREED"))) strncpy(freed, text, sizeof freed - 1);
    kill_at = number("SHIM_KILL_AT"), eio_at = number("SHIM_EIO_FSYNC_N"), delay_ms = number("SHIM_FSYNC_DELAY_MS");
    full = getenv("SHIM_ENOSPC_AFTER") != NULL;
    shared = mmap(NULL, sizeof *shared, MAP, ANON, -1, 0);
    if (shared == MAP_FAILED) abort();
    shared->spare = number("SHIM_ENOSPC_AFTER");
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&shared->lock, &attributes);
    if ((text = getenv("SHIM_TRACE"))) {
        int fd = REAL_OPENAT(AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        trace = fcntl(fd, F_DUPFD_CLOEXEC, 1000); /* out of the way of programs that close or count low numbers */
        if (trace < 0) abort();
        REAL_CLOSE(fd);
    }
}

static void lock(void) { if (pthread_mutex_lock(&shared->lock) == EOWNERDEAD) pthread_mutex_consistent(&shared->lock); }
static void unlock(void) { int kept = errno; pthread_mutex_unlock(&shared->lock); errno = kept; }

/* Append a note; the lock is held. `parts` are taken up to `size` bytes. */
static uint64_t note(enum act act, uint64_t file, int64_t at, const char *name, const struct iovec *parts, size_t size) {
    int kept = errno, count = 2;
    struct note head = {MAGIC, act, ++shared->notes, file, at, strlen(name), size};
    struct iovec all[1026] = {{&head, sizeof head}, {(void *)name, head.name}};
    for (size_t left = size; left && trace >= 0; parts++, count++) {
        all[count] = (struct iovec){parts->iov_base, parts->iov_len < left ? parts->iov_len : left};
        left -= all[count].iov_len;
    }
    if (trace >= 0) {
        ssize_t wanted = sizeof head + head.name + size;
        if (REAL(ssize_t, "writev", int, const struct iovec *, int)(trace, all, count) != wanted) abort();
    }
    if (head.seq == kill_at) kill(getpid(), SIGKILL);
    errno = kept;
    return head.seq;
}

/* Return the path below the watched folder ("" for the folder itself), or NULL for what is not watched. */
static const char *below(const char *path) {
    size_t length = strlen(path);
    if (!shared || strncmp(path, watch, watch_length) || (path[watch_length] && path[watch_length] != '/')) return NULL;
    if (length > 4 && !strcmp(path + length - 4, "-shm")) return NULL;
    return path[watch_length] ? path + watch_length + 1 : "";
}

static const char *absolute(int folder, const char *path, char *buffer, size_t size) {
    if (path[0] == '/') return path;
    char link[64], base[2048] = "";
    snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
    if (readlink(link, base, sizeof base - 1) < 0) return path;
    if (!strncmp(path, "./", 2)) path += 2;
    snprintf(buffer, size, strcmp(path, ".") ? "%s/%s" : "%s", base, path);
    return buffer;
}
#define PATH(folder, path) absolute(folder, path, (char[4096]){0}, 4096)

static int opened(int folder, const char *path, int flags, mode_t mode) {
    if (!shared) return REAL_OPENAT(folder, path, flags, mode);
    const char *whole = PATH(folder, path), *name = below(whole);
    int is_acks = !strcmp(whole, acks);
    if (!name && !is_acks) {
        int fd = REAL_OPENAT(folder, path, flags, mode);
        if (fd >= 0 && fd < FDS) fds[fd].kind = 0; /* the number may have been closed behind our back */
        return fd;
    }
    lock();
    int is_new = faccessat(AT_FDCWD, whole, F_OK, 0) != 0, fd = REAL_OPENAT(folder, path, flags, mode);
    struct stat about;
    if (fd >= 0 && fd < FDS && !fstat(fd, &about)) {
        fds[fd].file = about.st_ino;
        fds[fd].kind = is_acks ? 'a' : S_ISDIR(about.st_mode) ? 'd' : 'f';
        if (fds[fd].kind == 'f') note(is_new ? CREATE : OPEN, about.st_ino, about.st_mode & 07777, name, NULL, 0);
        if (fds[fd].kind == 'f' && (flags & O_TRUNC) && !is_new) note(TRUNCATE, about.st_ino, 0, "", NULL, 0);
        if (fds[fd].kind == 'd') note(OPEN, about.st_ino, -1, name, NULL, 0);
    }
    unlock();
    return fd;
}

#define MODE(flags) ({ mode_t m = 0; if ((flags) & (O_CREAT | __O_TMPFILE)) { va_list l; va_start(l, flags); m = va_arg(l, mode_t); va_end(l); } m; })
int open(const char *path, int flags, ...) { return opened(AT_FDCWD, path, flags, MODE(flags)); }
int open64(const char *path, int flags, ...) { return opened(AT_FDCWD, path, flags, MODE(flags)); }
int openat(int folder, const char *path, int flags, ...) { return opened(folder, path, flags, MODE(flags)); }
int openat64(int folder, const char *path, int flags, ...) { return opened(folder, path, flags, MODE(flags)); }
int __open_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

static int kind_of(int fd) { return shared && fd >= 0 && fd < FDS ? fds[fd].kind : 0; }

int close(int fd) {
    if (!kind_of(fd) || getpid() != owner) return REAL_CLOSE(fd);
    lock();
    if (fds[fd].kind == 'f') note(CLOSE, fds[fd].file, 0, "", NULL, 0);
    fds[fd].kind = 0;
    int result = REAL_CLOSE(fd);
    unlock();
    return result;
}

/* Whether the disk has no room for a file to reach `end`; the lock is held. Overwriting needs no room. */
static int no_room(int fd, int64_t end) {
    struct stat about;
    if (!full || fds[fd].kind != 'f' || fstat(fd, &about) || end <= about.st_size) return 0;
    if (end - about.st_size > shared->spare) {
        if (!*freed || faccessat(AT_FDCWD, freed, F_OK, 0)) return errno = ENOSPC, 1;
        full = 0;
    }
    shared->spare -= end - about.st_size;
    return 0;
}

/* at < 0: write where the descriptor stands. */
static ssize_t written(int fd, const struct iovec *parts, int count, int64_t at) {
    ssize_t (*plain)(int, const struct iovec *, int) = REAL(ssize_t, "writev", int, const struct iovec *, int);
    ssize_t (*placed)(int, const struct iovec *, int, off64_t) =
        REAL(ssize_t, "pwritev64", int, const struct iovec *, int, off64_t);
    int kind = kind_of(fd);
    if (!kind || kind == 'd') return at < 0 ? plain(fd, parts, count) : placed(fd, parts, count, at);
    int64_t size = 0, from = at;
    for (int i = 0; i < count; i++) size += parts[i].iov_len;
    lock();
    if (at < 0) from = lseek64(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
    ssize_t done = -1;
    if (!no_room(fd, from + size)) done = at < 0 ? plain(fd, parts, count) : placed(fd, parts, count, at);
    if (done > 0) note(kind == 'a' ? ACK : WRITE, fds[fd].file, from, "", parts, done);
    unlock();
    return done;
}

#define ONE &(struct iovec){(void *)data, size}, 1
ssize_t write(int fd, const void *data, size_t size) { return written(fd, ONE, -1); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return written(fd, ONE, at); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) { return written(fd, ONE, at); }
ssize_t writev(int fd, const struct iovec *parts, int count) { return written(fd, parts, count, -1); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return written(fd, parts, count, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) { return written(fd, parts, count, at); }

/* Do something to a file or a name and note it if it succeeded; `noted` decides whether anybody cares. */
#define DO(noted, call, ...) ({ \
    int cares = (noted), result; \
    if (cares) lock(); \
    result = (call); \
    if (cares) { if (!result) note(__VA_ARGS__, NULL, 0); unlock(); } \
    result; })

int ftruncate64(int fd, off64_t size) {
    int (*real)(int, off64_t) = REAL(int, "ftruncate64", int, off64_t);
    return DO(kind_of(fd) == 'f', real(fd, size), TRUNCATE, fds[fd].file, size, "");
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int truncate64(const char *path, off64_t size) {
    int fd = opened(AT_FDCWD, path, O_WRONLY, 0), result = fd < 0 ? -1 : ftruncate64(fd, size), kept = errno;
    if (fd >= 0) close(fd);
    return errno = kept, result;
}
int truncate(const char *path, off_t size) { return truncate64(path, size); }

static int allocated(int fd, int64_t end) { /* a longer file of zeros */
    lock();
    struct stat about;
    int error = no_room(fd, end) ? ENOSPC : REAL(int, "posix_fallocate64", int, off64_t, off64_t)(fd, 0, end);
    if (!error && !fstat(fd, &about)) note(TRUNCATE, fds[fd].file, about.st_size, "", NULL, 0);
    unlock();
    return error;
}
int posix_fallocate64(int fd, off64_t at, off64_t size) {
    if (kind_of(fd) == 'f') return allocated(fd, at + size);
    return REAL(int, "posix_fallocate64", int, off64_t, off64_t)(fd, at, size);
}
int posix_fallocate(int fd, off_t at, off_t size) { return posix_fallocate64(fd, at, size); }

int unlinkat(int folder, const char *path, int flags) {
    const char *name = below(PATH(folder, path));
    int (*real)(int, const char *, int) = REAL(int, "unlinkat", int, const char *, int);
    return DO(name != NULL, real(folder, path, flags), UNLINK, 0, 0, name);
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
    struct stat about;
    return unlinkat(AT_FDCWD, path, !lstat(path, &about) && S_ISDIR(about.st_mode) ? AT_REMOVEDIR : 0);
}

/* RENAME and LINK carry both names, old and new, with a newline between; '' is a name outside the folder. */
static const char *pair(const char *old, const char *new, char *buffer, size_t size) {
    if (!old && !new) return NULL;
    snprintf(buffer, size, "%s\n%s", old ? old : "", new ? new : "");
    return buffer;
}
#define PAIR(f, old, t, new) pair(below(PATH(f, old)), below(PATH(t, new)), (char[8192]){0}, 8192)
int renameat(int from, const char *old, int to, const char *new) {
    const char *names = PAIR(from, old, to, new);
    int (*real)(int, const char *, int, const char *) = REAL(int, "renameat", int, const char *, int, const char *);
    return DO(names != NULL, real(from, old, to, new), RENAME, 0, 0, names);
}
int rename(const char *old, const char *new) { return renameat(AT_FDCWD, old, AT_FDCWD, new); }
int linkat(int from, const char *old, int to, const char *new, int flags) {
    const char *names = PAIR(from, old, to, new);
    int (*real)(int, const char *, int, const char *, int) =
        REAL(int, "linkat", int, const char *, int, const char *, int);
    return DO(names != NULL, real(from, old, to, new, flags), LINK, 0, 0, names);
}
int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }
int mkdirat(int folder, const char *path, mode_t mode) {
    const char *name = below(PATH(folder, path));
    int (*real)(int, const char *, mode_t) = REAL(int, "mkdirat", int, const char *, mode_t);
    return DO(name != NULL, real(folder, path, mode), MKDIR, 0, 0, name);
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

static int synced(int fd, int (*real)(int)) {
    int kind = kind_of(fd);
    if (kind != 'f' && kind != 'd') return real(fd);
    lock();
    uint64_t file = fds[fd].file, turn = ++shared->syncs, began = note(FSYNC, file, 0, "", NULL, 0);
    unlock();
    if (delay_ms) nanosleep(&(struct timespec){delay_ms / 1000, delay_ms % 1000 * 1000000}, NULL);
    int result = turn == eio_at ? (errno = EIO, -1) : real(fd);
    lock();
    note(result ? FAILED : SYNCED, file, began, "", NULL, 0);
    unlock();
    return result;
}
int fsync(int fd) { return synced(fd, REAL(int, "fsync", int)); }
int fdatasync(int fd) { return synced(fd, REAL(int, "fdatasync", int)); }
