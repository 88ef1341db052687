#!/usr/bin/env node
// Runs the program of the package for this platform: arguments, signals and the exit code go through as they are.
"use strict";

const { spawn } = require("node:child_process");
const os = require("node:os");

const name = `gobuild-opt-${process.platform}-${process.arch}`;
let program;
try {
  program = require.resolve(`${name}/bin/gobuild-opt`);
} catch {
  console.error(
    `gobuild-opt: the package ${name} is not installed: there is no build for this platform, ` +
      "or optional dependencies were left out (npm install --include=optional)",
  );
  process.exit(4);
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) {
  process.on(signal, () => child.kill(signal));
}
child.on("error", (error) => {
  console.error(`gobuild-opt: cannot start ${program}: ${error.message}`);
  process.exit(4);
});
child.on("exit", (code, signal) => {
  process.exit(signal ? 128 + os.constants.signals[signal] : code);
});
