/**
 * Whole clusters of the real node in one thread: faults, workloads, histories, checkers.
 *
 * <ul>
 *   <li>{@link io.quorate.simulation.SimulatedCluster}: nodes on simulated hosts.
 *   <li>{@link io.quorate.simulation.Registers}: a table of single-writer registers, and operations
 *       on it; {@link io.quorate.simulation.History}: what clients did and saw.
 *   <li>{@link io.quorate.simulation.Faults}: cuts, crashes, pauses, as a seed has them.
 *   <li>{@link io.quorate.simulation.ShapeSimulation}: one run of a cluster that changes its shape,
 *       with its verdict. {@code Operator} lets nodes come and go, {@code SchemaClient} changes the
 *       schema, {@code MetadataRegister} is read and swapped; {@code MetadataWatch}, with {@code
 *       OwnershipSteps}, looks after each step, {@code Linearizability} at the end; {@code Story}
 *       is what the reader gets, {@code FlawedMessaging} what the checkers must notice.
 *   <li>{@link io.quorate.simulation.ClusterSimulation}: one run of three nodes that stay.
 *   <li>{@link io.quorate.simulation.Lab}: the same clients at each consistency level, beside the
 *       metadata ring, through a cut.
 * </ul>
 *
 * <p>Single-threaded, like the world it runs in. A run is a function of its seed.
 */
@NullMarked
package io.quorate.simulation;

import org.jspecify.annotations.NullMarked;
