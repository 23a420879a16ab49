// What glibc declares only under _GNU_SOURCE, which Swift's own module of glibc does not set, and the environment, which
// Swift 6 does not let us read as the global variable that it is.
#pragma once

// Types come from Swift's module of glibc: a header that is included here again would be seen as a second one.
#pragma clang module import SwiftGlibc

extern int renameat2(int, const char *, int, const char *, unsigned int);
extern int pipe2(int[2], int);
extern int memfd_create(const char *, unsigned int);
extern int fallocate(int, int, off_t, off_t);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *, const char *);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
extern ssize_t copy_file_range(int, int64_t *, int, int64_t *, size_t, unsigned int);
extern char **environ;

static inline char **skiff_environ(void) { return environ; }

// The columns of a terminal; 0 when `descriptor` is none. In optimised builds Swift 6.3.1 takes `struct winsize` for one of
// its own module SwiftOverlayShims, so it stays in here.
static inline int skiff_columns(int descriptor) {
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

extern int prctl(int, ...);
extern int mallopt(int, int);

// No core dumps (RLIMIT_CORE 0), no reading of our memory by others (PR_SET_DUMPABLE 0); how many of the two failed. Swift sees
// neither a function of variable arguments nor, in the same way with every glibc, the type of a limit's name.
static inline int skiff_forbid_dumps(void) {
    struct rlimit none = {0, 0};
    return (setrlimit(RLIMIT_CORE, &none) != 0) + (prctl(4, 0, 0, 0, 0) != 0);
}

// PR_SET_CHILD_SUBREAPER: orphans below us become our children.
static inline int skiff_adopt_orphans(void) { return prctl(36, 1, 0, 0, 0); }

// FICLONE of <linux/fs.h>: gives `to` the blocks of `from`. `ioctl` cannot be called from Swift.
static inline int skiff_clone(int to, int from) { return ioctl(to, 0x40049409UL, from); }

static inline long skiff_copy_range(int from, int to, size_t count) {
    return copy_file_range(from, 0, to, 0, count, 0);
}

enum {
    SKIFF_RENAME_NOREPLACE = 1,
    SKIFF_RENAME_EXCHANGE = 2,
    SKIFF_MFD_CLOEXEC = 1,
    SKIFF_M_MMAP_THRESHOLD = -3,
};
