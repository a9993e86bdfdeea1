/** Whole clusters in one thread: faults, workloads, histories, checkers. */
@NullMarked
package io.quorate.simulation;

import org.jspecify.annotations.NullMarked;
