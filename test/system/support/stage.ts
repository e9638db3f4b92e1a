// SPDX-License-Identifier: MIT
/** Two nodes for each test of a file, and the members that it joins: all of it gone when the test has ended. */
import { afterEach, beforeEach } from 'vitest';
import { joinDc, type Member } from '../../../core-kmod/binding/core.ts';
import { DC, type NodePair, nodePair } from './node-pair.ts';
import { endAll } from './program.ts';

export interface NodeStage {
  /** Of the test that runs. */
  readonly pair: NodePair;
  /** This process, as a member of the DC on that node. */
  join(node: number): Member;
  /** Ends what has joined. */
  leave(): void;
}

export function nodeStage(): NodeStage {
  let pair: NodePair | undefined;
  let members: Member[] = [];
  const stage: NodeStage = {
    get pair() {
      if (pair === undefined) throw new Error('no test runs');
      return pair;
    },
    join(node) {
      const member = joinDc(stage.pair.coreOf(node), DC);
      members.push(member);
      return member;
    },
    leave() {
      for (const member of members) member.close();
      members = [];
    },
  };
  beforeEach(() => {
    pair = nodePair();
  });
  afterEach(async () => {
    stage.leave();
    await endAll();
    pair?.remove();
  });
  return stage;
}
