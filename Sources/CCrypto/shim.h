#ifndef SKIFF_CCRYPTO_SHIM_H
#define SKIFF_CCRYPTO_SHIM_H

#include <openssl/evp.h>

#endif
