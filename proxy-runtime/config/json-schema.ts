// SPDX-License-Identifier: MIT
import { toJsonSchema } from '@valibot/to-json-schema';
import { ConfigSchema } from './schema.ts';

/**
 * The configuration's JSON schema, for editors: what may be written, not what it becomes. Rules that JSON schema cannot
 * state (`check` actions, `rules.ts`) are left out; `m3ipc check` applies them. `schema.json` beside this file is its text.
 */
function configJsonSchema(): Record<string, unknown> {
  const schema = toJsonSchema(ConfigSchema, {
    typeMode: 'input',
    errorMode: 'ignore',
    // Editors explain `additionalProperties: false` better than the equal `{ not: {} }` of a rest of never.
    overrideSchema: ({ jsonSchema }) =>
      isNothing(jsonSchema.additionalProperties) ? { ...jsonSchema, additionalProperties: false } : undefined,
  });
  return { ...schema, title: 'm3ipc node configuration' };
}

/** As it stands in `schema.json`. */
export const configJsonSchemaText = (): string => `${JSON.stringify(configJsonSchema(), null, 2)}\n`;

const isNothing = (rest: unknown): boolean => JSON.stringify(rest) === '{"not":{}}';
