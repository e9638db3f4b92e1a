// SPDX-License-Identifier: MIT
/** The model of verbs by itself: two sides in one process, and what each mistake comes to. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'vitest';
import { POLLED, ReceiveQueue, WorkCompletion } from './completion-queue.ts';
import {
  COMPLETION,
  completionAt,
  DEPTH,
  Device,
  MEMORY_AT,
  REGION,
  REGIONS,
  regionAt,
  WORD,
} from './device.ts';
import { isReachable, type MemoryRegion, ProtectionDomain } from './protection-domain.ts';
import { QueuePair } from './queue-pair.ts';
import { ACCESS, POST, QP_STATE, WC_OPCODE, WC_STATUS, wcStatusName } from './status.ts';
import { Wire } from './wire.ts';

const ALL = ACCESS.LOCAL_WRITE | ACCESS.REMOTE_WRITE | ACCESS.REMOTE_READ;
const MEMORY = 8192;
const KEY_OF_NOBODY = 0x7f00_0001;

interface Side {
  readonly device: Device;
  readonly domain: ProtectionDomain;
  readonly region: MemoryRegion;
  readonly pair: QueuePair;
  readonly receives: ReceiveQueue;
  rings: number;
}

function side(wire?: Wire): Side {
  const device = new Device(new Uint8Array(MEMORY_AT + MEMORY));
  const domain = new ProtectionDomain(device);
  const region = domain.register(MEMORY_AT, MEMORY / 2, ALL);
  const pair = new QueuePair(domain, wire);
  return { device, domain, region, pair, receives: new ReceiveQueue(device), rings: 0 };
}

function connect(one: Side, other: Side): void {
  const ring = () => {
    other.rings++;
  };
  one.pair.init();
  one.pair.connect({ device: other.device, ring });
}

const done = new WorkCompletion();

/** The next completion of a side's own requests. */
function sent({ pair }: Side): WorkCompletion {
  assert.equal(pair.sends.poll(done), POLLED.ONE);
  return done;
}

function received({ receives }: Side): WorkCompletion {
  assert.equal(receives.poll(done), POLLED.ONE);
  return done;
}

const statusOf = (completion: WorkCompletion) => wcStatusName(completion.status);

let a: Side;
let b: Side;
beforeEach(() => {
  a = side();
  b = side();
  connect(a, b);
  connect(b, a);
});

const write = (length: number, to: number, key: number, immediate?: number) =>
  a.pair.write(7, a.region, MEMORY_AT, length, to, key, immediate);

describe('requests that are right', () => {
  test('a write changes the other side, which does not notice', () => {
    a.device.bytes.set([1, 2, 3], MEMORY_AT);
    assert.equal(write(3, MEMORY_AT + 10, b.region.key), POST.OK);
    const { id, opcode, bytes } = sent(a);
    assert.deepEqual([id, opcode, bytes], [7, WC_OPCODE.RDMA_WRITE, 3]);
    assert.deepEqual([...b.device.bytes.subarray(MEMORY_AT + 10, MEMORY_AT + 13)], [1, 2, 3]);
    assert.equal(b.receives.poll(done), POLLED.EMPTY);
  });

  test('a write with immediate data completes a receive, in order', () => {
    for (const id of [40, 41]) assert.equal(b.pair.receive(id), POST.OK);
    write(3, MEMORY_AT, b.region.key, 0xffff_fffe);
    write(0, 0, 0, 5);
    const first = { ...received(b) };
    const second = { ...received(b) };
    assert.deepEqual([first.id, first.immediate, first.bytes], [40, 0xffff_fffe, 3]);
    assert.deepEqual([second.id, second.immediate, second.bytes], [41, 5, 0]);
    assert.equal(first.opcode, WC_OPCODE.RECV_RDMA_WITH_IMM);
  });

  test('a message goes into the buffer that was posted for it', () => {
    a.device.bytes.set([9, 8], MEMORY_AT);
    b.pair.receive(1, b.region, MEMORY_AT + 100, 16);
    assert.equal(a.pair.send(2, a.region, MEMORY_AT, 2, 77), POST.OK);
    assert.equal(statusOf(sent(a)), 'IBV_WC_SUCCESS');
    const { opcode, bytes, immediate } = received(b);
    assert.deepEqual([opcode, bytes, immediate], [WC_OPCODE.RECV, 2, 77]);
    assert.deepEqual([...b.device.bytes.subarray(MEMORY_AT + 100, MEMORY_AT + 102)], [9, 8]);
  });

  test('a read fetches, into memory that the other side has no key for', () => {
    b.device.bytes.set([4, 5, 6], MEMORY_AT + 20);
    const slab = new Uint8Array(8);
    a.pair.read(3, a.domain.registerLocal(slab), 2, 3, MEMORY_AT + 20, b.region.key);
    assert.equal(sent(a).opcode, WC_OPCODE.RDMA_READ);
    assert.deepEqual([...slab], [0, 0, 4, 5, 6, 0, 0, 0]);
  });

  test('the bell is rung once for each arming, and not for plain writes', () => {
    for (let i = 0; i < 4; i++) b.pair.receive(i);
    write(1, MEMORY_AT, b.region.key, 0);
    assert.equal(b.rings, 0);
    b.receives.arm();
    write(1, MEMORY_AT, b.region.key);
    assert.equal(b.rings, 0);
    write(1, MEMORY_AT, b.region.key, 0);
    write(1, MEMORY_AT, b.region.key, 0);
    assert.equal(b.rings, 1);
  });

  test('the queues go round and round', () => {
    for (let i = 0; i < 3 * DEPTH; i++) {
      b.pair.receive(i);
      write(1, MEMORY_AT, b.region.key, i);
      sent(a);
      assert.equal(received(b).immediate, i);
    }
  });
});

describe('requests that fail', () => {
  const outside: readonly (readonly [string, () => number])[] = [
    ['a key that nobody has', () => write(1, MEMORY_AT, KEY_OF_NOBODY)],
    ['key 0', () => write(1, MEMORY_AT, 0)],
    ['a key whose entry does not exist', () => write(1, MEMORY_AT, 0x1ff)],
    ['one byte before the region', () => write(2, MEMORY_AT - 1, b.region.key)],
    ['one byte behind the region', () => write(2, MEMORY_AT + MEMORY / 2 - 1, b.region.key)],
    ['a length that wraps around', () => write(1, 0xffff_ffff, b.region.key)],
    [
      'a region that may only be read',
      () => {
        const readable = b.domain.register(MEMORY_AT + 4096, 64, ACCESS.REMOTE_READ);
        return write(1, readable.address, readable.key);
      },
    ],
    [
      'a region that may only be written',
      () => {
        const writable = b.domain.register(MEMORY_AT + 4096, 64, ACCESS.REMOTE_WRITE);
        return a.pair.read(7, a.region, MEMORY_AT, 1, writable.address, writable.key);
      },
    ],
    [
      'a region that was deregistered',
      () => {
        b.domain.deregister(b.region);
        b.domain.register(MEMORY_AT, MEMORY / 2, ALL);
        return write(1, MEMORY_AT, b.region.key);
      },
    ],
    [
      'a table that claims memory beyond the device',
      () => {
        b.device.setWord(regionAt(0) + REGION.length, 0x7fff_ffff);
        return write(64, b.device.bytes.length - 1, b.region.key);
      },
    ],
    [
      'a table that claims the control words',
      () => {
        b.device.setWord(regionAt(0) + REGION.address, 0);
        return write(4, WORD.state * 4, b.region.key);
      },
    ],
  ];

  test.each(outside)('%s: IBV_WC_REM_ACCESS_ERR, and nothing is written', (_, post) => {
    const before = b.device.bytes.slice(MEMORY_AT);
    const state = b.device.word(WORD.state);
    a.device.bytes.fill(0xee, MEMORY_AT);
    assert.equal(state, QP_STATE.RTS);
    assert.equal(post(), POST.OK);
    assert.equal(statusOf(sent(a)), 'IBV_WC_REM_ACCESS_ERR');
    assert.deepEqual([a.pair.state, b.pair.state], [QP_STATE.ERR, QP_STATE.ERR]);
    assert.equal(Buffer.compare(b.device.bytes.subarray(MEMORY_AT), before), 0);
  });

  test.each([
    ['beyond the region', (): [MemoryRegion, number, number] => [a.region, MEMORY_AT, MEMORY / 2 + 1]],
    ['before it', (): [MemoryRegion, number, number] => [a.region, MEMORY_AT - 1, 1]],
    ['of another protection domain', (): [MemoryRegion, number, number] => [b.region, MEMORY_AT, 1]],
    [
      'deregistered',
      (): [MemoryRegion, number, number] => {
        a.domain.deregister(a.region);
        return [a.region, MEMORY_AT, 1];
      },
    ],
  ])('local memory %s: IBV_WC_LOC_PROT_ERR', (_, from) => {
    a.pair.write(1, ...from(), MEMORY_AT, b.region.key);
    assert.equal(statusOf(sent(a)), 'IBV_WC_LOC_PROT_ERR');
  });

  test('no receive is posted: IBV_WC_RNR_RETRY_EXC_ERR', () => {
    write(1, MEMORY_AT, b.region.key, 1);
    assert.equal(statusOf(sent(a)), 'IBV_WC_RNR_RETRY_EXC_ERR');
  });

  test('a message that is larger than its buffer: an error on both sides', () => {
    b.pair.receive(5, b.region, MEMORY_AT, 3);
    a.pair.send(1, a.region, MEMORY_AT, 4, 0);
    assert.equal(statusOf(sent(a)), 'IBV_WC_REM_INV_REQ_ERR');
    const { id, status } = received(b);
    assert.deepEqual([id, status], [5, WC_STATUS.IBV_WC_LOC_LEN_ERR]);
  });

  test('completions that nobody reads: IBV_WC_REM_OP_ERR', () => {
    for (let i = 0; i < DEPTH; i++) {
      b.pair.receive(i);
      write(1, MEMORY_AT, b.region.key, i);
      sent(a);
    }
    b.pair.receive(DEPTH);
    write(1, MEMORY_AT, b.region.key, DEPTH);
    assert.equal(statusOf(sent(a)), 'IBV_WC_REM_OP_ERR');
  });

  test('a side that is gone: IBV_WC_RETRY_EXC_ERR, then all is flushed', () => {
    a.pair.receive(50);
    a.pair.lostRemote();
    write(1, MEMORY_AT, b.region.key);
    write(1, MEMORY_AT, b.region.key);
    assert.equal(statusOf(sent(a)), 'IBV_WC_RETRY_EXC_ERR');
    assert.equal(statusOf(sent(a)), 'IBV_WC_WR_FLUSH_ERR');
    const { id, status } = received(a);
    assert.deepEqual([id, status], [50, WC_STATUS.IBV_WC_WR_FLUSH_ERR]);
    assert.equal(a.receives.poll(done), POLLED.EMPTY);
  });

  test('what came before an error is read before what is flushed', () => {
    for (const id of [1, 2]) b.pair.receive(id);
    write(1, MEMORY_AT, b.region.key, 11);
    b.pair.fail();
    assert.deepEqual([received(b).immediate, received(b).status], [11, WC_STATUS.IBV_WC_WR_FLUSH_ERR]);
  });
});

describe('posting', () => {
  test('is EINVAL before the queue pair is ready', () => {
    const fresh = side();
    assert.equal(fresh.pair.receive(1), POST.EINVAL);
    fresh.pair.init();
    assert.equal(fresh.pair.receive(1), POST.OK);
    assert.equal(fresh.pair.write(1, fresh.region, MEMORY_AT, 1, MEMORY_AT, 1), POST.EINVAL);
    assert.throws(() => fresh.pair.init(), RangeError);
  });

  test('is ENOMEM when a queue is full', () => {
    for (let i = 0; i < DEPTH; i++) assert.equal(write(0, 0, 0), POST.OK);
    assert.equal(write(0, 0, 0), POST.ENOMEM);
    for (let i = 0; i < DEPTH; i++) assert.equal(b.pair.receive(i), POST.OK);
    assert.equal(b.pair.receive(DEPTH), POST.ENOMEM);
  });
});

describe('registration', () => {
  test('is for memory of the device, and the table has an end', () => {
    assert.throws(() => a.domain.register(0, 64, ALL), RangeError);
    assert.throws(() => a.domain.register(MEMORY_AT, MEMORY + 1, ALL), RangeError);
    for (let i = 1; i < REGIONS; i++) a.domain.register(MEMORY_AT, 1, ALL);
    assert.throws(() => a.domain.register(MEMORY_AT, 1, ALL), /at most 8/);
  });

  test('keys differ from time to time', () => {
    const first = a.region.key;
    a.domain.deregister(a.region);
    assert.notEqual(a.domain.register(MEMORY_AT, 64, ALL).key, first);
    assert.equal(isReachable(a.device, first, MEMORY_AT, 1, ACCESS.REMOTE_WRITE), false);
  });
});

describe('a side that writes what it likes', () => {
  test('more completions than there is room for is an overrun, and none of them is read', () => {
    a.device.store(WORD.completionsPut, DEPTH + 1);
    assert.equal(a.receives.isOverrun, true);
    assert.equal(a.receives.poll(done), POLLED.EMPTY);
  });

  test('a time that never comes, or is no number, blocks nobody', () => {
    a.device.store(WORD.completionsPut, 1);
    a.device.times[(completionAt(0) + COMPLETION.visible) >> 1] = Number.NaN;
    assert.equal(a.receives.poll(done), POLLED.ONE);
    a.device.store(WORD.completionsPut, 2);
    a.device.times[(completionAt(1) + COMPLETION.visible) >> 1] = Number.POSITIVE_INFINITY;
    assert.equal(a.receives.poll(done), POLLED.LATER);
  });
});

describe('the link model', () => {
  test('holds a completion back for the latency and the time that its bytes take', () => {
    const near = side(new Wire(0, 8e6));
    const far = side();
    connect(near, far);
    connect(far, near);
    far.pair.receive(1);
    const started = process.hrtime.bigint();
    near.pair.write(1, near.region, MEMORY_AT, 4000, MEMORY_AT, far.region.key, 1);
    assert.equal(far.receives.poll(done), POLLED.LATER);
    while (far.receives.poll(done) !== POLLED.ONE);
    // 4000 bytes at 8 Mb/s are 4 ms.
    assert.ok(process.hrtime.bigint() - started >= 4_000_000n);
  });

  test('a read takes the way there and back', () => {
    const near = side(new Wire(3000, Number.POSITIVE_INFINITY));
    connect(near, side());
    const started = process.hrtime.bigint();
    near.pair.read(1, near.region, MEMORY_AT, 0, 0, 0);
    assert.equal(near.pair.sends.poll(done), POLLED.LATER);
    while (near.pair.sends.poll(done) !== POLLED.ONE);
    assert.ok(process.hrtime.bigint() - started >= 6_000_000n);
  });
});
