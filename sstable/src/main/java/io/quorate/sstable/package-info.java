/** The local storage engine: commit log, memtables, SSTables, compaction. */
@NullMarked
package io.quorate.sstable;

import org.jspecify.annotations.NullMarked;
