// SPDX-License-Identifier: MIT
import type { Command } from 'commander';
import { configJsonSchemaText } from '../config/json-schema.ts';
import { printText } from './output.ts';

export const registerSchema = (program: Command): void => {
  program
    .command('schema')
    .description('print the JSON schema of a configuration file, for editors')
    .action(() => printText(configJsonSchemaText()));
};
