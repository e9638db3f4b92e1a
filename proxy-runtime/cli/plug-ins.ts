// SPDX-License-Identifier: MIT
import { codecs } from '../../codecs/index.ts';
import { transports } from '../../transports/index.ts';
import type { PlugIns } from '../config/index.ts';
import { checkPipeline } from '../pipeline.ts';

/** The tables of this version, for every command that reads a configuration. */
export const plugIns: PlugIns = { transports, codecs, checkPipeline };
