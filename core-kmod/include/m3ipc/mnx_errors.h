/* SPDX-License-Identifier: MIT */
/*
 * mnx_errors.h - error numbers under the names of both eras of the original:
 * EMOLDSTDIED and EDVSDSTDIED are -M3_EDSTDIED (reference 1.7). They are
 * negative, as calls return them.
 */
#ifndef M3IPC_MNX_ERRORS_H
#define M3IPC_MNX_ERRORS_H

#include "abi.h"

/* What calls return; POSIX ones have Linux's numbers. */
#define MNX_ERRORS(X) \
	X(PERM) X(NOENT) X(INTR) X(IO) X(2BIG) X(AGAIN) X(NOMEM) X(ACCES) \
	X(FAULT) X(BUSY) X(EXIST) X(INVAL) X(NOSPC) X(RANGE) X(PROTO) \
	X(NOSYS) X(MSGSIZE) X(NOTCONN) X(TIMEDOUT) X(GENERIC) X(LOCKED) \
	X(BADCALL) X(DEADSRCDST) X(BADREQUEST) X(SRCDIED) X(DSTDIED) \
	X(TRAPDENIED) X(SHUTDOWN) X(BADNODEID) X(BADDCID) X(DCNOTRUN) \
	X(BADPROC) X(BADPID) X(ENDPOINT) X(NOPROXY) X(RMTPROC) X(LCLPROC) \
	X(NOTBIND) X(PROXYRUN) X(NODEBUSY) X(NONODE) X(DVSBUSY) X(DVSINIT) \
	X(NODCNODE) X(PROCRUN) X(DCRUN) X(PROCSTS) X(NODEFREE) X(DCNODE) \
	X(BADPROXY) X(ONCOPY) X(ENQUEUED) X(OVERRUN) X(MIGRATE) \
	X(PROXYFREE) X(PRIVILEGES) X(BINDTYPE) X(SLOTUSED) X(BADRANGE) \
	X(BADVALUE) X(RSCBUSY) X(NAMESIZE) X(ALLOCMEM) X(WOKENUP) \
	X(NODEDOWN) X(UNKNOWN) X(VERSION)

/* Numbers of the original that no call returns. */
#define MNX_OLD_ERRORS(X) \
	X(SRCH, 3) X(BADSRCDST, 103) X(CALLDENIED, 104) X(NOTREADY, 106) \
	X(DONTREPLY, 201) X(ACKDST, 312) X(ACKSRC, 313) X(ACKWAIT, 314) \
	X(NOMSG, 321) X(BADOWNER, 331) X(GRPLEADER, 334) X(BADDIR, 340) \
	X(BADFILE, 341) X(PROXYID, 345) X(REPLPROC, 346) X(ALIGN, 347) \
	X(BADTRAMP, 349) X(USR2USR, 350) X(KRN2USR, 351) X(USR2KRN, 352) \
	X(PRIMARY, 401) X(NOREPLICA, 402)

enum mnx_error {
#define MNX_ERROR(name) \
	EMOL##name = -(int)M3_E##name, EDVS##name = -(int)M3_E##name,
	MNX_ERRORS(MNX_ERROR)
#undef MNX_ERROR
#define MNX_ERROR(name, number) EMOL##name = -(number), EDVS##name = -(number),
	MNX_OLD_ERRORS(MNX_ERROR)
#undef MNX_ERROR
	/* The original's own; here EENDPOINT is returned. */
	EMOLBADDEST = -(int)M3_EENDPOINT,
	EDVSBADDEST = -(int)M3_EENDPOINT,
};

/* Errors of calls that return an endpoint are below it. */
#define EERRCODE (-300)

#endif
