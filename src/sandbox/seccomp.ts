import { type CallNumbers, JUDGED_CALLS, REFUSED_CALLS } from './system-calls';

/**
 * The filter of system calls that every program in a sandbox runs under, for bubblewrap's `--seccomp`: classic BPF over
 * `struct seccomp_data`. It refuses rather than kills, so that programs which only try go on without.
 *
 * @returns null for processors it is not written for
 */
export function seccompFilter(arch: string = process.arch): Buffer | null {
  const processor = PROCESSORS[arch];
  if (!processor) return null;
  const numberOf = (call: CallNumbers) => call[processor.column];
  const { clone, clone3, socket, ioctl } = JUDGED_CALLS;
  return assemble([
    load(DATA.arch),
    // The same number means another call there.
    ...unless(processor.audit, RETURN.kill),
    load(DATA.number),
    // Calls of the x32 kind, which have numbers of their own.
    ...(arch === 'x64' ? [jump(JUMP.atLeast, X32, 0, 1), give(refuse(EPERM))] : []),
    ...Object.values(REFUSED_CALLS).flatMap((call) => when(numberOf(call), refuse(EPERM))),
    // Its flags lie in memory, which no filter reads; libraries fall back to `clone`.
    ...when(numberOf(clone3), refuse(ENOSYS)),
    ...judged(numberOf(clone), DATA.argument(0), [
      jump(JUMP.anyBit, NEW_NAMESPACES, 0, 1),
      give(refuse(EPERM)),
    ]),
    ...judged(numberOf(socket), DATA.argument(0), [
      ...SOCKETS.flatMap((family) => when(family, RETURN.allow)),
      give(refuse(EAFNOSUPPORT)),
    ]),
    // What types into a terminal as if a person had.
    ...judged(
      numberOf(ioctl),
      DATA.argument(1),
      TERMINAL_INPUT.flatMap((request) => when(request, refuse(EPERM))),
    ),
    give(RETURN.allow),
  ]);
}

const PROCESSORS: Record<string, { audit: number; column: 0 | 1 }> = {
  x64: { audit: 0xc000003e, column: 0 },
  arm64: { audit: 0xc00000b7, column: 1 },
};

/** Offsets in `struct seccomp_data`; of an argument the lower half, on processors that begin with it. */
const DATA = { number: 0, arch: 4, argument: (index: number) => 16 + 8 * index };
const RETURN = { allow: 0x7fff0000, kill: 0x80000000, error: 0x00050000 };
const JUMP = { equal: 0x15, atLeast: 0x35, anyBit: 0x45 };
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;
const X32 = 0x40000000;
/** CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET. */
const NEW_NAMESPACES = 0x7e020000;
/** Unix, IPv4, IPv6, and netlink, by which libraries list interfaces. Not those of a hypervisor, packets, or ciphers. */
const SOCKETS = [1, 2, 10, 16];
/** TIOCSTI, TIOCLINUX. */
const TERMINAL_INPUT = [0x5412, 0x541c];

interface Instruction {
  code: number;
  ifTrue: number;
  ifFalse: number;
  value: number;
}

const load = (offset: number): Instruction => ({ code: 0x20, ifTrue: 0, ifFalse: 0, value: offset });
const give = (value: number): Instruction => ({ code: 0x06, ifTrue: 0, ifFalse: 0, value });
const jump = (code: number, value: number, ifTrue: number, ifFalse: number): Instruction => ({
  code,
  ifTrue,
  ifFalse,
  value,
});
const refuse = (errno: number) => RETURN.error | errno;

function when(value: number | null, result: number): Instruction[] {
  return value === null ? [] : [jump(JUMP.equal, value, 0, 1), give(result)];
}

function unless(value: number, result: number): Instruction[] {
  return [jump(JUMP.equal, value, 1, 0), give(result)];
}

/** Looks at one argument of one call; what `body` does not decide is allowed. */
function judged(call: number | null, argument: number, body: Instruction[]): Instruction[] {
  if (call === null) return [];
  return [jump(JUMP.equal, call, 0, body.length + 2), load(argument), ...body, give(RETURN.allow)];
}

/** As `struct sock_filter` on a processor that begins with the lower byte. */
function assemble(program: Instruction[]): Buffer {
  const bytes = Buffer.alloc(8 * program.length);
  for (const [index, { code, ifTrue, ifFalse, value }] of program.entries()) {
    bytes.writeUInt16LE(code, 8 * index);
    bytes.writeUInt8(ifTrue, 8 * index + 2);
    bytes.writeUInt8(ifFalse, 8 * index + 3);
    bytes.writeUInt32LE(value >>> 0, 8 * index + 4);
  }
  return bytes;
}
