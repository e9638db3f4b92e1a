/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* trace.h - tracepoints: requests as they end, frames as they pass. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM m3ipc

#if !defined(M3_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define M3_TRACE_H

#include <linux/tracepoint.h>

/* Numbers are those of request.h. */
TRACE_EVENT(m3ipc_request,
	TP_PROTO(const char *device, unsigned int number,
		 const struct m3_request *q, int result),
	TP_ARGS(device, number, q, result),
	TP_STRUCT__entry(
		__array(char, device, 16)
		__field(unsigned int, number)
		__field(int, dc)
		__field(int, ep)
		__field(int, peer)
		__field(int, result)
	),
	TP_fast_assign(
		strscpy(__entry->device, device, sizeof(__entry->device));
		__entry->number = number;
		__entry->dc = q->dc;
		__entry->ep = q->ep;
		__entry->peer = q->peer;
		__entry->result = result;
	),
	TP_printk("%s request=%u dc=%d ep=%d peer=%d result=%d",
		  __entry->device, __entry->number, __entry->dc, __entry->ep,
		  __entry->peer, __entry->result)
);

/* A slot's call has ended, or its memory is asked for. */
TRACE_EVENT(m3ipc_wake,
	TP_PROTO(unsigned int dc, int ep, unsigned int tag),
	TP_ARGS(dc, ep, tag),
	TP_STRUCT__entry(
		__field(unsigned int, dc)
		__field(int, ep)
		__field(unsigned int, tag)
	),
	TP_fast_assign(
		__entry->dc = dc;
		__entry->ep = ep;
		__entry->tag = tag;
	),
	TP_printk("dc=%u ep=%d call=%u", __entry->dc, __entry->ep,
		  __entry->tag >> 2)
);

#endif

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
