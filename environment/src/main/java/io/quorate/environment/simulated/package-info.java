/**
 * The simulated world: any number of hosts in one thread, on virtual time, from one seed.
 *
 * <ul>
 *   <li>{@link io.quorate.environment.simulated.SimulatedWorld}: the queue of events, virtual time,
 *       the one source of randomness, and the hash of everything that happened.
 *   <li>{@link io.quorate.environment.simulated.SimulatedHost}: a machine that can be booted,
 *       crashed, paused and slowed; its disk outlives the crash.
 *   <li>{@link io.quorate.environment.simulated.SimulatedFileSystem}: a disk that forgets what was
 *       not synced, tears writes, flips bits and fills up.
 *   <li>{@link io.quorate.environment.simulated.SimulatedLinks}: who can reach whom, how late, how
 *       often lost or doubled.
 *   <li>{@link io.quorate.environment.simulated.SimulatedMessaging} and {@link
 *       io.quorate.environment.simulated.SimulatedNetwork}: messages and byte streams over them.
 * </ul>
 *
 * <p>Everything here is single-threaded; the thread that calls {@code SimulatedWorld.step} is every
 * shard and every background thread in turn.
 */
@NullMarked
package io.quorate.environment.simulated;

import org.jspecify.annotations.NullMarked;
