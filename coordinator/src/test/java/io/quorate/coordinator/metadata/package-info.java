@NullMarked
package io.quorate.coordinator.metadata;

import org.jspecify.annotations.NullMarked;
