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
  { point: /m3_arena_alloc_d .*\(r, u \+ need\)->owner, 0/, reason: `the rest of a free run: ${HELD}` },
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
  { point: /m3_block_send_d .*->lane, /, reason: `all pairs use one message lane: ${HELD}` },
  { point: /wait_far_d .*->call_lane, /, reason: `all pairs use one message lane: ${HELD}` },
  { point: /(copy_remote|pin) .*->grant, 0/, reason: `each copy by a grant cleared it: ${HELD}` },
  {
    point: /(queue_d|m3_migration_aim_d) .*->(qnext, M3_NIL|sendto, M3_NONE)/,
    reason: `who is in no queue: ${HELD}`,
  },
  {
    point: /m3_serve_(stage|post)_d .*->(server|peer|address|staging), /,
    reason: `the last copy cleared it: ${HELD}`,
  },
  {
    point: /m3_migration_(pause|wait) .*->done, 0/,
    reason: 'a copy of that process ended before, half made',
  },
  {
    point: /(leave_d|forget_primary) .*->refused_transfer, 0/,
    reason: 'a copy of the other node was refused before',
  },
  { point: /m3_migration_die .*(RESUME|->resume, 0)/, reason: 'it dies before its call was resumed' },
  {
    point: /(turn_over|m3_migration_(thaw|die)) .*->lost, 0/,
    reason: 'its node was lost while it was frozen',
  },
  {
    point: /turn_over .*->(getfrom|sendto), M3_NONE/,
    reason: 'an older call of it than the exported one is known here',
  },
  {
    point:
      /(call_aim_d|again_d|m3_migration_claim|put_request|learn_binding_d) .*(former|call_number|block_state|rts|binding|call|adopt), /,
    reason: 'a third node: test/conformance/core/crash-migrate.c',
  },
  { point: /(call_aim_d|again_d) noted: m3_note_range/, reason: 'a third node' },
  { point: /turn_over .*->handle, handle/, reason: `the backup has the slot already: ${HELD}` },
  { point: /m3_transfer_queue_d .*->peer, peer/, reason: 'a third node' },
  {
    point:
      /(remote_party|parties|wait_here_d|early|offer_d|m3_migration_inward_d|turn_over) (.*(rts|getfrom|sendto), |committed|.*m3_slot\(r, i\)->rts)/,
    reason: 'the migration crosses one that this node has not been told of yet',
  },
  {
    point: /m3_memory_end .*->(rts|copier|serve), /,
    reason: 'the endpoint migrates, or its owner died, at the very moment of a memcpy of its memory',
  },
  {
    point: /take_back .*->notifies, /,
    reason: 'a notification to a primary that was lost waits for its number',
  },
  { point: /numbered_call .*->done, 0/, reason: 'a copy to a primary that was lost has been numbered' },
  { point: /m3_deaths_forget committed/, reason: 'one commit in 2,048 slots, in a DC that has so many' },
];
