// SPDX-License-Identifier: MIT
/*
 * One of two partners on two nodes ends, by unbind as by SIGKILL, in each
 * phase of their call: what the other gets, and that nothing is left.
 */
#include "rig.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLIENT = 1, SERVER = 20 };

static struct rig_node here, there; /* of the client, of the server */

/* Ends whoever is bound to `ep`: its process, or from outside. */
static void end(struct rig_node *n, int ep, pid_t pid, int by_kill)
{
	if (!by_kill)
		SAME(m3_unbind_any(n->core, RIG_DC, ep), 0);
	SAME(kill(pid, SIGKILL), 0);
	SAME(waitpid(pid, NULL, 0), pid);
	SAME(m3_sweep(n->core), rig_left(by_kill));
}

static void settled(void)
{
	rig_settle(&here, &there);
	SOUND(&here);
	SOUND(&there);
}

/* The server as a process: takes a request, or not, and waits to be ended. */
static pid_t server(int takes)
{
	struct m3_message message;
	struct m3_member *m;
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid) {
		rig_until(&there, SERVER, takes ? M3_RTS_RECEIVING : 0);
		return pid;
	}
	m = rig_join(&there, SERVER);
	if (takes)
		m3_receive(m, SERVER, M3_ANY, &message, M3_FOREVER);
	for (;;)
		pause();
}

/* What happens to the request before the server ends. */
enum phase { NOT_SENT, QUEUED, TAKEN };

static void server_ends(int op, enum phase phase, int by_kill, int expected)
{
	struct m3_member *client = rig_join(&here, CLIENT);
	pid_t pid = server(phase == TAKEN);
	struct m3_call call;

	SAME(m3_rmtbind(here.core, RIG_DC, "far", SERVER, there.id), 0);
	rig_start_call(client, &call, op, CLIENT, SERVER, 7, M3_PENDING);
	if (phase != NOT_SENT)
		settled();
	if (phase == TAKEN)
		rig_until(&there, SERVER, 0);
	if (phase == QUEUED)
		MUST(rig_rts(&there, CLIENT) & M3_RTS_SENDING);
	end(&there, SERVER, pid, by_kill);
	settled();
	SAME(m3_finish(client, &call), expected);
	SAME((long)rig_rts(&here, CLIENT), 0);
	SAME(m3_unbind_any(here.core, RIG_DC, SERVER), 0);
	m3_leave(client);
	settled();
}

/* One that is only waited for: its death is announced. */
static void source_ends(int by_kill)
{
	struct m3_member *client = rig_join(&here, CLIENT);
	pid_t pid = server(0);
	struct m3_message message;
	struct m3_call call;

	SAME(m3_rmtbind(here.core, RIG_DC, "far", SERVER, there.id), 0);
	SAME(m3_notify(client, CLIENT, SERVER), 0);
	settled();
	rig_start_call(client, &call, M3_OP_RECEIVE, CLIENT, SERVER, 0,
		       M3_PENDING);
	end(&there, SERVER, pid, by_kill);
	settled();
	SAME(m3_finish(client, &call), -M3_ESRCDIED);
	/* The next life of the endpoint is reached at once. */
	pid = server(0);
	rig_start_call(client, &call, M3_OP_SEND, CLIENT, SERVER, 7,
		       M3_PENDING);
	settled();
	SAME((long)(rig_rts(&there, CLIENT) & M3_RTS_SENDING), M3_RTS_SENDING);
	end(&there, SERVER, pid, 1);
	settled();
	SAME(m3_finish(client, &call), -M3_EDSTDIED);
	SAME(m3_receive(client, CLIENT, M3_ANY, &message, 0), -M3_EAGAIN);
	SAME(m3_unbind_any(here.core, RIG_DC, SERVER), 0);
	m3_leave(client);
	settled();
}

static void server_phases(int by_kill)
{
	server_ends(M3_OP_SEND, NOT_SENT, by_kill, -M3_EDSTDIED);
	server_ends(M3_OP_SEND, QUEUED, by_kill, -M3_EDSTDIED);
	rig_ok(by_kill ? "server killed: send" : "server unbound: send");
	server_ends(M3_OP_SENDREC, QUEUED, by_kill, -M3_EDSTDIED);
	rig_ok(by_kill ? "server killed: sendrec queued" :
			 "server unbound: sendrec queued");
	server_ends(M3_OP_SENDREC, TAKEN, by_kill, -M3_ESRCDIED);
	rig_ok(by_kill ? "server killed: sendrec taken" :
			 "server unbound: sendrec taken");
	source_ends(by_kill);
	rig_ok(by_kill ? "server killed: receive of it" :
			 "server unbound: receive of it");
}

/* A reply that its core holds reaches the client, whatever becomes of it. */
static void reply_outlives_its_server(void)
{
	struct m3_member *client = rig_join(&here, CLIENT);
	struct m3_member *m = rig_join(&there, SERVER);
	struct m3_message message;
	struct m3_call call;

	rig_start_call(client, &call, M3_OP_SENDREC, CLIENT, SERVER, 7,
		       M3_PENDING);
	settled();
	SAME(m3_receive(m, SERVER, M3_ANY, &message, 0), 0);
	message = rig_message(8, 0, 0);
	SAME(m3_reply(m, SERVER, CLIENT, &message), 0);
	m3_leave(m);
	settled();
	SAME(m3_finish(client, &call), 0);
	SAME(call.message.type, 8);
	m3_leave(client);
	settled();
	rig_ok("server unbound: replied before");
}

static void call_of_client(int op)
{
	struct m3_message message = rig_message(7, 0, 0);
	struct m3_member *m = rig_join(&here, CLIENT);

	if (op == M3_OP_SEND)
		m3_send(m, CLIENT, SERVER, &message, M3_FOREVER);
	else
		m3_sendrec(m, CLIENT, SERVER, &message, M3_FOREVER);
	_exit(0);
}

static pid_t client(int op)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (!pid)
		call_of_client(op);
	rig_until(&here, CLIENT,
		  op == M3_OP_SEND ? M3_RTS_SENDING | M3_RTS_RMTOPER :
				     M3_RTS_SENDING | M3_RTS_RECEIVING |
					     M3_RTS_RMTOPER);
	return pid;
}

static void client_ends(int op, enum phase phase, int by_kill)
{
	struct m3_member *m = rig_join(&there, SERVER);
	struct m3_message message;
	pid_t pid = client(op);

	if (phase != NOT_SENT)
		settled();
	if (phase == TAKEN)
		SAME(m3_receive(m, SERVER, M3_ANY, &message, 0), 0);
	end(&here, CLIENT, pid, by_kill);
	settled();
	/* Its request is gone, and it is owed nothing. */
	SAME(m3_receive(m, SERVER, M3_ANY, &message, 0), -M3_EAGAIN);
	if (phase == TAKEN) {
		int e = m3_reply(m, SERVER, CLIENT, &message);

		MUST(e == -M3_EPROCSTS || e == -M3_EDSTDIED);
	}
	m3_leave(m);
	settled();
}

static void client_phases(int by_kill)
{
	client_ends(M3_OP_SEND, NOT_SENT, by_kill);
	client_ends(M3_OP_SENDREC, NOT_SENT, by_kill);
	rig_ok(by_kill ? "client killed: not sent" : "client unbound: not sent");
	client_ends(M3_OP_SEND, QUEUED, by_kill);
	client_ends(M3_OP_SENDREC, QUEUED, by_kill);
	rig_ok(by_kill ? "client killed: queued" : "client unbound: queued");
	client_ends(M3_OP_SENDREC, TAKEN, by_kill);
	rig_ok(by_kill ? "client killed: taken" : "client unbound: taken");
}

int main(void)
{
	int by_kill;

	rig_start(&here, 0);
	rig_start(&there, 2);
	rig_pair(&here, &there);
	for (by_kill = 0; by_kill < 2; by_kill++)
		server_phases(by_kill);
	SAME(m3_rmtbind(here.core, RIG_DC, "far", SERVER, there.id), 0);
	for (by_kill = 0; by_kill < 2; by_kill++)
		client_phases(by_kill);
	reply_outlives_its_server();
	rig_stop(&here);
	rig_stop(&there);
	return 0;
}
