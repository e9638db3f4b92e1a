/* SPDX-License-Identifier: MIT */
/*
 * The few calls of OpenSSL's EVP interface that the addon needs.
 *
 * Node carries OpenSSL and exports it from its own executable, or is linked
 * to the system's. These names, signatures and numbers are the same from
 * OpenSSL 1.1.0 on. They are looked up at run time, so that the addon loads
 * in a Node that has none: see EVP_EncryptInit(3).
 */
#ifndef M3IPC_OPENSSL_EVP_H
#define M3IPC_OPENSSL_EVP_H

struct evp_cipher_st;
struct evp_cipher_ctx_st;

/* EVP_CTRL_AEAD_GET_TAG and EVP_CTRL_AEAD_SET_TAG. */
enum { M3_EVP_GET_TAG = 0x10, M3_EVP_SET_TAG = 0x11 };

struct m3_evp {
	const struct evp_cipher_st *(*chacha20_poly1305)(void);
	struct evp_cipher_ctx_st *(*ctx_new)(void);
	void (*ctx_free)(struct evp_cipher_ctx_st *ctx);
	int (*ctx_ctrl)(struct evp_cipher_ctx_st *ctx, int type, int length,
			void *data);
	int (*init)(struct evp_cipher_ctx_st *ctx,
		    const struct evp_cipher_st *cipher, void *engine,
		    const unsigned char *key, const unsigned char *nonce,
		    int encrypt);
	int (*update)(struct evp_cipher_ctx_st *ctx, unsigned char *out,
		      int *written, const unsigned char *in, int length);
	int (*final)(struct evp_cipher_ctx_st *ctx, unsigned char *out,
		     int *written);
};

#endif
