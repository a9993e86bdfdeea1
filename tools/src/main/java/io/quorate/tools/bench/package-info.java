/**
 * A load against any CQL endpoint.
 *
 * <ul>
 *   <li>{@link io.quorate.tools.bench.BenchCommand}: options, schema, the run, the report.
 *   <li>{@link io.quorate.tools.bench.Workload}: which statement an operation is.
 *   <li>{@link io.quorate.tools.bench.KeyChooser}: which key: uniform or zipfian; pure.
 *   <li>{@link io.quorate.tools.bench.LoadGenerator}: keeps so many requests in flight, or sends at
 *       a fixed rate, and measures.
 *   <li>{@link io.quorate.tools.bench.Measurements}: what was measured, as text and JSON.
 *   <li>{@link io.quorate.tools.bench.ProcessUsage}: CPU time and memory of server processes.
 *   <li>{@link io.quorate.tools.bench.MachineTime}: what the machine's host withheld.
 * </ul>
 *
 * <p>Requests are asynchronous: completions run on the driver's event loops and send what follows.
 */
@NullMarked
package io.quorate.tools.bench;

import org.jspecify.annotations.NullMarked;
