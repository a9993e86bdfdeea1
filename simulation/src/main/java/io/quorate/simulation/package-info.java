/**
 * Whole clusters of the real node in one thread: faults, workloads, histories, checkers.
 *
 * <ul>
 *   <li>{@link io.quorate.simulation.SimulatedCluster}: nodes on simulated hosts.
 *   <li>{@link io.quorate.simulation.Registers}: a table of single-writer registers, and operations
 *       on it; {@link io.quorate.simulation.History}: what clients did and saw.
 *   <li>{@link io.quorate.simulation.Faults}: cuts, crashes, pauses, as a seed has them.
 *   <li>{@link io.quorate.simulation.ClusterSimulation}: one run of it all, with its verdict.
 *   <li>{@link io.quorate.simulation.Lab}: the same clients at each consistency level, beside the
 *       metadata ring, through a cut.
 * </ul>
 *
 * <p>Single-threaded, like the world it runs in. A run is a function of its seed.
 */
@NullMarked
package io.quorate.simulation;

import org.jspecify.annotations.NullMarked;
