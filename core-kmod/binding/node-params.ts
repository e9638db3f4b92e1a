// SPDX-License-Identifier: MIT
/** What a core and a DC are made with. */
import { DC_FLAGS, MAX_CPUS, NONE } from './abi.ts';

/** Of a node's core. */
export interface NodeParams {
  /** This node's id, below `maxNodes`. */
  readonly node: number;
  /** At most 15 bytes; equal on all nodes. */
  readonly cluster: string;
  /** Default 32, at most 1024 each. */
  readonly maxNodes?: number | undefined;
  readonly maxDcs?: number | undefined;
}

/** Of a DC; name, tasks and procs are equal on all its nodes. */
export interface DcParams {
  readonly dc: number;
  /** At most 15 bytes. */
  readonly name: string;
  /** Endpoints -tasks..-1; default 32. */
  readonly tasks?: number | undefined;
  /** Endpoints 0..procs-1; default 256. */
  readonly procs?: number | undefined;
  /** For `alloc`; a multiple of 64 KiB; default 16 MiB. The memory is used when it is allocated. */
  readonly arenaBytes?: number | undefined;
  /** Of the DC's file: who may join; default 0o660. */
  readonly mode?: number | undefined;
  /** Group of the DC's file; default: this process's. */
  readonly gid?: number | undefined;
  /** Endpoint that gets a message of this type, never 0, for each local process that dies bound; default: nobody. */
  readonly warn?: { readonly endpoint: number; readonly type: number } | undefined;
  /** A process that waits moves to its partner's CPU; default false. */
  readonly affinity?: boolean | undefined;
  /** CPUs that its processes may run on, 0 to 255; default: any. */
  readonly cpus?: readonly number[] | undefined;
  /** Being blocked in a call to a process lets it copy (protocol 19); default true. */
  readonly implicitGrants?: boolean | undefined;
  /** Directory of a cgroup (version 2): only processes in it, or below it, may join and bind. Of the kernel's core. */
  readonly cgroup?: string | undefined;
}

/** Not given, as an unsigned 32-bit number. */
const NO_GID = 0xffff_ffff;

/**
 * The arguments of the addon's dcInit behind the node.
 * @param cgroup descriptor of the cgroup's directory; undefined: the DC is tied to none.
 */
export function nativeDcParams(
  params: DcParams,
  cgroup?: number,
): [number, number, number, number, number, number, string, number, number, number, Uint32Array, number] {
  const { dc, name, tasks = 32, procs = 256, arenaBytes = 16 << 20, mode = 0, gid = NO_GID } = params;
  const { warn = { endpoint: NONE, type: 0 }, affinity = false, cpus = [], implicitGrants = true } = params;
  const flags =
    (affinity ? DC_FLAGS.AFFINITY : 0) |
    (implicitGrants ? 0 : DC_FLAGS.NO_IMPLICIT_GRANTS) |
    (cgroup === undefined ? 0 : DC_FLAGS.CGROUP);
  const rest = [cpuMask(cpus), cgroup ?? 0] as const;
  return [dc, tasks, procs, arenaBytes, mode, gid, name, warn.endpoint, warn.type, flags, ...rest];
}

function cpuMask(cpus: readonly number[]): Uint32Array {
  const mask = new Uint32Array(MAX_CPUS / 32);
  for (const cpu of cpus) {
    if (!Number.isInteger(cpu) || cpu < 0 || cpu >= MAX_CPUS) {
      throw new RangeError(`cpus must be whole numbers from 0 to ${MAX_CPUS - 1}, not ${cpu}`);
    }
    const word = cpu >> 5;
    mask[word] = (mask[word] ?? 0) | (1 << (cpu & 31));
  }
  return mask;
}
