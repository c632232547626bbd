// What the command-line tool needs to run in a script: a terminal, without which migrate dev refuses, and an end when its work is
// done, not when the last of its timers has run out.
Object.assign(process.stdin, { isTTY: true, setRawMode() {} });
const { setTimeout } = globalThis;
globalThis.setTimeout = (act, ms, ...args) => {
  const timer = setTimeout(act, ms, ...args);
  return ms >= 1000 ? timer.unref() : timer;
};
