/**
 * The tables that a node makes up: {@code system}, {@code system_schema}, {@code
 * system_virtual_schema} and {@code system_traces}, with the columns that drivers and cqlsh expect
 * of Cassandra 5.0. {@link io.quorate.cql.system.SystemTables} knows them all, {@link
 * io.quorate.cql.system.VirtualTable} is one: metadata, and rows made anew for each query from the
 * cluster's metadata. Immutable, safe for concurrent use.
 */
@NullMarked
package io.quorate.cql.system;

import org.jspecify.annotations.NullMarked;
