// SPDX-License-Identifier: MIT
import { test } from 'vitest';
import { play } from '../../test/system/play.ts';

test('two nodes, both pairs, by hand: as its README says', () => play('examples/two-nodes/README.md'));
