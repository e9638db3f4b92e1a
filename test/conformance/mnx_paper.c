// SPDX-License-Identifier: MIT
/*
 * A client and a server as the paper has them: requests and replies are
 * messages, blocks of data are copied by the server between its memory and
 * that of the client, which waits in its sendrec. The memory is any memory.
 */
#include "mnx_check.h"

#define SERVER_EP 10
#define CLIENT_EP 20
#define BLOCK 65536

#define FS_READ 1
#define FS_WRITE 2
#define FS_STOP 3

static char disk[4 * BLOCK];

/* m2_i1: offset, m2_i2: bytes, m2_p1: the client's buffer. */
static int serve(message *m, int who)
{
	if (m->m2_i1 < 0 || m->m2_i2 < 0 ||
	    m->m2_i1 + m->m2_i2 > (int)sizeof(disk))
		return EMOLRANGE;
	if (m->m_type == FS_READ)
		return mnx_vcopy(SELF, disk + m->m2_i1, who, m->m2_p1,
				 m->m2_i2);
	return mnx_vcopy(who, m->m2_p1, SELF, disk + m->m2_i1, m->m2_i2);
}

static void server(void)
{
	message m;
	int ret, who;

	ret = mnx_bind(dcid, SERVER_EP);
	if (ret < EERRCODE)
		exit(1);
	do {
		ret = mnx_rcvrqst(&m);
		IS(ret, OK);
		who = m.m_source;
		ret = m.m_type;
		m.m_type = ret == FS_STOP ? OK : serve(&m, who);
		IS(mnx_reply(who, &m), OK);
	} while (ret != FS_STOP);
	IS(mnx_unbind(dcid, SERVER_EP), OK);
}

static int request(int type, int offset, char *buffer, int bytes)
{
	message m;

	m.m_type = type;
	m.m2_i1 = offset;
	m.m2_i2 = bytes;
	m.m2_p1 = buffer;
	IS(mnx_sendrec(SERVER_EP, &m), OK);
	return m.m_type;
}

int main(int argc, char **argv)
{
	static const int sizes[] = { 0, 1, 36, 4096, BLOCK, 4 * BLOCK };
	char *out = malloc(4 * BLOCK), *in = malloc(4 * BLOCK);
	pid_t pid;
	unsigned int i;
	int at;

	begin(argc, argv);
	pid = spawn(server);
	IS(mnx_bind(dcid, CLIENT_EP), CLIENT_EP);
	wait_flags(SERVER_EP, RECEIVING);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (at = 0; at < sizes[i]; at++)
			out[at] = (char)(at * 7 + (int)i);
		memset(in, 0, 4 * BLOCK);
		IS(request(FS_WRITE, 0, out, sizes[i]), OK);
		IS(request(FS_READ, 0, in, sizes[i]), OK);
		IS(memcmp(in, out, (size_t)sizes[i]), 0);
	}
	IS(request(FS_READ, BLOCK, in, 4 * BLOCK), EMOLRANGE);
	IS(request(FS_READ, 0, NULL, 10), EMOLFAULT);
	IS(request(FS_STOP, 0, NULL, 0), OK);
	IS(mnx_unbind(dcid, CLIENT_EP), OK);
	reap(pid);
	free(in);
	free(out);
	return 0;
}
