#ifndef SKIFF_CEVENT_SHIM_H
#define SKIFF_CEVENT_SHIM_H

// Swift's Glibc module sees `fd_set` without the X/Open member names; the two definitions must agree.
#include <features.h>
#pragma push_macro("__USE_XOPEN")
#undef __USE_XOPEN
#include <sys/select.h>
#pragma pop_macro("__USE_XOPEN")

#include <event2/event.h>
#include <event2/listener.h>

#endif
