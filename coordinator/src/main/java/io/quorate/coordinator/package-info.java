/**
 * The request's way through the cluster: ring, replication, consistency levels, reads, writes,
 * repair.
 */
@NullMarked
package io.quorate.coordinator;

import org.jspecify.annotations.NullMarked;
