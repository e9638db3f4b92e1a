// SPDX-License-Identifier: MIT
/*
 * ChaCha20-Poly1305 (RFC 8439) in place, by the OpenSSL of the running Node:
 * one call for a frame. node:crypto makes an object, a buffer and a tag for
 * each, which costs more than the cipher up to some 16 KiB.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include "addon.h"
#include "openssl-evp.h"

#define KEY_BYTES 32
#define TAG_BYTES 16
#define NONCE_BYTES 12

static struct m3_evp evp;
static bool found; /* (invariant once looked up) */
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Of this thread; made for its first call, freed with its environment. */
static __thread struct evp_cipher_ctx_st *context;

static void look_up(void)
{
	const struct {
		const char *name;
		void *pointer; /* to a function pointer */
	} names[] = {
		{ "EVP_chacha20_poly1305", &evp.chacha20_poly1305 },
		{ "EVP_CIPHER_CTX_new", &evp.ctx_new },
		{ "EVP_CIPHER_CTX_free", &evp.ctx_free },
		{ "EVP_CIPHER_CTX_ctrl", &evp.ctx_ctrl },
		{ "EVP_CipherInit_ex", &evp.init },
		{ "EVP_CipherUpdate", &evp.update },
		{ "EVP_CipherFinal_ex", &evp.final },
	};
	void *symbol;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		symbol = dlsym(RTLD_DEFAULT, names[i].name);
		if (!symbol)
			return;
		memcpy(names[i].pointer, &symbol, sizeof(symbol));
	}
	found = true;
}

static void free_context(void *unused)
{
	(void)unused;
	evp.ctx_free(context);
	context = NULL;
}

static bool make_context(napi_env env)
{
	pthread_once(&once, look_up);
	if (!found)
		return false;
	context = evp.ctx_new();
	if (!context)
		return false;
	if (evp.init(context, evp.chacha20_poly1305(), NULL, NULL, NULL, 1) &&
	    !napi_add_env_cleanup_hook(env, free_context, NULL))
		return true;
	free_context(NULL);
	return false;
}

/* One frame: bytes[ad, start) is authentic too, bytes[end, +16) is the tag. */
struct sealed {
	unsigned char *key, *bytes;
	size_t ad, start, end;
	unsigned char nonce[NONCE_BYTES];
};

/*
 * The arguments of both functions. The nonce is four zeros and a counter of 64
 * bits, little-endian, as Noise wants it.
 */
static int parse(struct m3_args *args, struct sealed *frame)
{
	const struct m3_arg *v = args->v;
	uint64_t counter = (uint64_t)v[6].u32 << 32 | v[5].u32;
	int i;

	frame->key = v[0].data;
	frame->bytes = v[1].data;
	frame->ad = v[2].u32;
	frame->start = v[3].u32;
	frame->end = v[4].u32;
	if (v[0].length != KEY_BYTES || frame->ad > frame->start ||
	    frame->start > frame->end || frame->end > INT32_MAX ||
	    frame->end + TAG_BYTES > v[1].length)
		return -EINVAL;
	memset(frame->nonce, 0, 4);
	for (i = 4; i < NONCE_BYTES; i++, counter >>= 8)
		frame->nonce[i] = (unsigned char)counter;
	if (!context && !make_context(args->env))
		return -ENOSYS;
	return 0;
}

static bool crypt(const struct sealed *frame, int encrypt)
{
	unsigned char *range = frame->bytes + frame->start;
	int length = (int)(frame->end - frame->start), written;

	if (!evp.init(context, NULL, NULL, frame->key, frame->nonce, encrypt))
		return false;
	if (!encrypt && !evp.ctx_ctrl(context, M3_EVP_SET_TAG, TAG_BYTES,
				      range + length))
		return false;
	return evp.update(context, NULL, &written, frame->bytes + frame->ad,
			  (int)(frame->start - frame->ad)) &&
	       evp.update(context, range, &written, range, length) &&
	       evp.final(context, range + length, &written);
}

static int js_aead_seal(struct m3_args *args)
{
	struct sealed frame;
	int error = parse(args, &frame);

	if (error)
		return error;
	if (!crypt(&frame, 1) ||
	    !evp.ctx_ctrl(context, M3_EVP_GET_TAG, TAG_BYTES,
			  frame.bytes + frame.end))
		return -EIO;
	return 0;
}

/* 1: authentic, 0: not; what is not authentic is left as rubbish. */
static int js_aead_open(struct m3_args *args)
{
	struct sealed frame;
	int error = parse(args, &frame);

	return error ? error : crypt(&frame, 0);
}

#define FRAME \
	{ { "key", M3_ARG_BYTES }, { "bytes", M3_ARG_BYTES }, \
	  { "ad", M3_ARG_U32 },	   { "start", M3_ARG_U32 }, \
	  { "end", M3_ARG_U32 },   { "low", M3_ARG_U32 }, \
	  { "high", M3_ARG_U32 } }

const struct m3_function m3_aead_functions[] = {
	{ "aeadSeal", js_aead_seal, NULL, FRAME },
	{ "aeadOpen", js_aead_open, NULL, FRAME },
	{ NULL, NULL, NULL, { { NULL, M3_ARG_END } } },
};
