#!/bin/sh
# Fits a line to twenty points by gradient descent: train.sh LEARNING_RATE EPOCHS [MOMENTUM]
# It knows nothing of Wattune, which reads the loss from what is printed here.
exec awk -v lr="$1" -v epochs="$2" -v momentum="${3:-0}" 'BEGIN {
  srand(1)
  for (i = 0; i < 20; i++) { x[i] = i / 20; y[i] = 3 * x[i] + 0.5 + 0.1 * (rand() - 0.5) }
  for (epoch = 1; epoch <= epochs; epoch++) {
    slope_gradient = 0; offset_gradient = 0
    for (i = 0; i < 20; i += 2) {
      error = slope * x[i] + offset - y[i]
      slope_gradient += error * x[i] / 5; offset_gradient += error / 5
    }
    slope_speed = momentum * slope_speed - lr * slope_gradient
    offset_speed = momentum * offset_speed - lr * offset_gradient
    slope += slope_speed; offset += offset_speed
    loss = 0
    for (i = 1; i < 20; i += 2) loss += (slope * x[i] + offset - y[i]) ^ 2 / 10
    printf "epoch %d validation loss %.6f\n", epoch, loss
    fflush()
  }
}'
