// SPDX-License-Identifier: MIT
/** The addon of the simulation: the real core, whose processes can be killed at its crash points. */
import { join } from 'node:path';
import {
  loadAddon,
  type MemberHandle,
  type Native,
  type NodeHandle,
  packageRoot,
} from '../../core-kmod/binding/native.ts';
import { makeIn } from '../fault/build.ts';

/** {@link Native}, and what `addon.c` of this folder adds. */
export interface SimNative extends Native {
  /** The member's process dies, as by SIGKILL: nothing is given back but what the kernel gives back. */
  simKillMember(member: MemberHandle): void;
  /** So does the process that has the node open, with all its proxies. */
  simKillNode(node: NodeHandle): void;
  /** 1 if the member's bell was rung since it was served. */
  simRung(member: MemberHandle): number;
  /** Who calls next dies at that crash point from now on; 0: at none. */
  simArm(points: number): void;
  /** Crash points that are left of it. */
  simLeft(): number;
  /** 1 if a process has died in its call; asked once. */
  simDied(): number;
  /** What the core has of chance starts again; `now` in ns. */
  simWorld(seed: number, now: number): void;
  /** What time the core is told, in ns. */
  simTime(now: number): void;
}

export const buildFolder = (): string => join(packageRoot(), 'core-kmod', 'build', 'sim');

/** The addon of the core as it is. */
export function buildAddon(): string {
  makeIn('sim');
  return join(buildFolder(), 'sim.node');
}

/** Loads an addon that was built. */
export function loadSim(path: string): SimNative {
  return loadAddon([path]) as SimNative;
}
