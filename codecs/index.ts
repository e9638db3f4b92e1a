// SPDX-License-Identifier: MIT
/** The table of codecs: a folder and one line here enrol one in configuration, contract tests and bench. */
import type { Codec, CodecFactory } from '../proxy-runtime/contract.ts';
import { ProxyError } from '../proxy-runtime/errors.ts';
import { compression } from './compression/index.ts';
import { encryption } from './encryption/index.ts';
import { filter } from './filter/index.ts';
import { logging } from './logging/index.ts';
import { suggestion } from './options.ts';
import { qos } from './qos/index.ts';

/** Key = the codec's id = its folder. */
export const codecs = {
  compression,
  encryption,
  filter,
  logging,
  qos,
} as const satisfies Record<string, CodecFactory>;

export type CodecId = keyof typeof codecs;

/** Makes a codec of the table. Throws M3_CONFIG for an unknown id and for options that the codec refuses. */
export function codecFor(id: string, options: Readonly<Record<string, unknown>> = {}): Codec {
  if (!isCodecId(id)) {
    throw new ProxyError('M3_CONFIG', `there is no codec "${id}"${suggestion(id, Object.keys(codecs))}`);
  }
  return codecs[id](options);
}

function isCodecId(id: string): id is CodecId {
  return Object.hasOwn(codecs, id);
}
