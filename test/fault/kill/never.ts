// SPDX-License-Identifier: MIT
/**
 * Crash points that the kill test does not reach, or only by chance, by function and source line, and why. Any other
 * point that is not hit often enough fails the test.
 */
interface Never {
  readonly point: RegExp;
  readonly reason: string;
}

const HELD = 'the field has that value already: nothing is stored';

export const NEVER: readonly Never[] = [
  {
    point: /slot_open_d .*->(misc|qhead|qtail|qnext|op|copier|automatic),/,
    reason: `a free slot: ${HELD}`,
  },
  { point: /m3_slot_rmtbind_d .*->handle, M3_NIL/, reason: `a free slot: ${HELD}` },
  {
    point: /m3_peer_add .*(qhead|qtail|queued|notifies|open|incarnation), /,
    reason: `a peer that was lost: ${HELD}`,
  },
  { point: /m3_enqueue_d .*->qnext, M3_NIL/, reason: `who is in no queue: ${HELD}` },
  { point: /m3_arena_alloc .*\(r, u \+ need\)->owner, 0/, reason: `the rest of a free run: ${HELD}` },
  { point: /claim .*->left, 0/, reason: `the burial of the handle's former owner cleared it: ${HELD}` },
  {
    point: /put_answer .*\(r, s\)->call, 0/,
    reason: `a DEATH, which goes before an answer in the dead's name, cleared it: ${HELD}`,
  },
  {
    point: /m3_peer_lost committed/,
    reason: 'the owner of a transfer is in a call to that peer, whose end has ended the transfer',
  },
  { point: /move_cancel_d .*->lane, /, reason: `all pairs use one message lane: ${HELD}` },
  { point: /m3_bind_waiters committed/, reason: 'more than 32 processes wait for one endpoint' },
  {
    point: /m3_bind_look committed/,
    reason: 'whoever bound was killed between that and telling who waits: another process than the victim',
  },
  { point: /m3_deaths_forget committed/, reason: 'one commit in 2,048 slots, in a DC that has so many' },
];
