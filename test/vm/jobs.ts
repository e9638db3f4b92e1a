// SPDX-License-Identifier: MIT
/** The jobs: one line each. */
import type { GuestJob } from './job.ts';
import { bench } from './jobs/bench.ts';
import { conformance } from './jobs/conformance.ts';
import { demo } from './jobs/demo.ts';
import { demoTipc, demoWire } from './jobs/demo-wire.ts';
import { fuzz } from './jobs/fuzz.ts';
import { module } from './jobs/module.ts';
import { outsider } from './jobs/outsider.ts';
import { probe } from './jobs/probe.ts';
import { programs } from './jobs/programs.ts';
import { storm } from './jobs/storm.ts';
import { tipcBench } from './jobs/tipc-bench.ts';
import { tipcCoded, tipcContract } from './jobs/tipc-contract.ts';
import { tipcFaults } from './jobs/tipc-faults.ts';
import { tipcLinks } from './jobs/tipc-links.ts';
import { tipcNamespaces } from './jobs/tipc-namespaces.ts';
import { tipcWire } from './jobs/tipc-wire.ts';
import { udpNetem } from './jobs/udp-netem.ts';
import { wire } from './jobs/wire.ts';

export const JOBS: readonly GuestJob[] = [
  probe,
  wire,
  udpNetem,
  tipcNamespaces,
  tipcContract,
  tipcCoded,
  tipcLinks,
  tipcFaults,
  tipcBench,
  tipcWire,
  module,
  outsider,
  demo,
  demoWire,
  demoTipc,
  storm,
  fuzz,
  bench,
  programs,
  conformance,
];
