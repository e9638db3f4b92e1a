# SPDX-License-Identifier: MIT
# What the addon is made of. Included by core-kmod/Makefile, whose folder the
# paths are relative to. Sets BINDING_SOURCES, BINDING_HEADERS,
# BINDING_CPPFLAGS, BINDING_CFLAGS and BINDING_LDFLAGS; the addon is those
# sources and the library's objects, linked with -shared.
#
# node-api-headers is beside us in a clone, and one level up where npm has
# installed m3ipc into somebody's node_modules. install.mjs passes the folder
# that Node itself resolves.

NODE_API_HEADERS ?= $(firstword $(wildcard \
	../node_modules/node-api-headers/include \
	../../node-api-headers/include))

BINDING_SOURCES := $(addprefix binding/, addon.c aead.c args.c call.c crc32c.c \
	handle.c info.c member.c migrate.c node.c process.c proxy.c request.c \
	shared.c socket.c view.c watch.c)
BINDING_HEADERS := binding/addon.h binding/crc32c.h binding/openssl-evp.h \
	binding/uv-poll.h
BINDING_CPPFLAGS := -Iinclude -isystem $(NODE_API_HEADERS)
BINDING_CFLAGS := -std=gnu11 -O2 -fPIC -fvisibility=hidden \
	-Wall -Wextra -Werror
# The addon's own copy of the library must win over a libm3ipc.so that the
# process may have loaded for another purpose.
BINDING_LDFLAGS := -shared -pthread -Wl,-Bsymbolic
