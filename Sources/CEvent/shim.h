#ifndef SKIFF_CEVENT_SHIM_H
#define SKIFF_CEVENT_SHIM_H

// Swift's module of glibc comes first, so that what libevent's headers include again is the same and not a second one.
#pragma clang module import SwiftGlibc

#include <event2/event.h>
#include <event2/listener.h>

#endif
