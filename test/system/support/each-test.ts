// SPDX-License-Identifier: MIT
/** Two nodes of its own for each test of a file; whatever it starts and joins is gone afterwards. */
import { afterEach, beforeEach } from 'vitest';
import { joinDc, type Member } from '../../../core-kmod/binding/core.ts';
import { DC, type NodePair, nodePair } from './node-pair.ts';
import { endAll } from './program.ts';

export interface EachTest {
  /** Of the test that runs. */
  readonly pair: NodePair;
  join(node: number): Member;
}

export function eachTest(): EachTest {
  let pair: NodePair;
  let members: Member[] = [];
  beforeEach(() => {
    pair = nodePair();
  });
  afterEach(async () => {
    for (const member of members) member.close();
    members = [];
    await endAll();
    pair.remove();
  });
  return {
    get pair() {
      return pair;
    },
    join(node) {
      const member = joinDc(pair.coreOf(node), DC);
      members.push(member);
      return member;
    },
  };
}
