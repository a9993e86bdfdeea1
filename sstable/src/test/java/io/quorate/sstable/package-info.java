/** Tests of the storage engine. */
@NullMarked
package io.quorate.sstable;

import org.jspecify.annotations.NullMarked;
