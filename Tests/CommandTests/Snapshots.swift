/// The help as it is: a change here is a change for users.
enum Snapshots {
  static let program = """
    fovea describes, trains, runs and explains convolutional neural networks.

    usage: fovea COMMAND [OPTIONS]

    commands:
      train     train a network on a data set
      evaluate  say how good a network is on a data set
      predict   say what is in pictures
      run       run a network on NumPy arrays and write its outputs
      summary   show a network: layers, sizes, costs, and how it is planned
      bench     time a training step or an inference
      quantize  bring a trained network to 8 bits
      convert   write a network in another format
      models    list the networks that are known by name
      datasets  list the data sets, look into a folder of pictures, or fetch one
      doctor    say what this machine has, what is missing and what that costs

    examples:
      fovea train two-conv --data fashion-mnist --epochs 5
      fovea evaluate runs/two-conv/last.safetensors --data fashion-mnist
      fovea predict runs/two-conv/last.safetensors shoe.png

    fovea COMMAND --help tells more; fovea --version prints the version.

    """

  static let train = """
    fovea train: train a network on a data set

    usage: fovea train [MODEL] [OPTIONS]

    Ctrl-C stops after the step, saves and says how to go on; a second one ends at once. The run's
    directory holds run.json, last.safetensors (and best.safetensors with --validation),
    metrics.jsonl and TensorBoard's events.

    operands:
      [MODEL]                   a name that fovea models lists, or a file: .safetensors, .onnx, or a
                                darknet .cfg

    options:
      --data DATASET            a data set that fovea datasets lists, e.g. fashion-mnist or
                                mnist:DIR
      --epochs N                passes through the training part (5, or the network's recipe)
      --steps N                 moves of the weights in all, instead of epochs
      --batch N                 examples in a batch (128, or the network's recipe)
      --accumulate K            gather the gradients of K batches for each step: the memory of one,
                                the step of all (1)
      --memory usual|low        low computes activations and norms twice, so that they need not be
                                kept (usual)
      --validation FRACTION     keep this part of the training examples to choose the best model (0)
      --augment TERMS           vary training pictures: crop:4,flip,jitter:0.2 … (none, or the
                                network's recipe)
      --patience N              stop after N epochs without a better validation accuracy
      --optimizer NAME          sgd, adam, adamw, rmsprop (sgd)
      --lr X                    highest learning rate (0.06, 0.001 but with sgd, or the network's
                                recipe)
      --momentum X              part of the last step that is taken again (0.9 with sgd, 0 with
                                rmsprop)
      --nesterov                look one step of momentum ahead
      --betas A,B               how much of the mean and of the mean square stays (adam) (0.9,0.999)
      --alpha X                 how much of the mean square stays (rmsprop) (0.99)
      --epsilon X               added to the root of the mean square (adam, rmsprop) (1e-8)
      --weight-decay X          how strongly parameters are drawn to 0 (0, or 0.01 with adamw)
      --clip-norm X             scale gradients down where their common norm is larger
      --schedule NAME           constant, step, cosine, one-cycle (cosine)
      --warmup STEPS            steps in which the rate grows to its schedule (0)
      --init NAME               he, xavier or default: the scale of random weights (default, or the
                                network's recipe)
      --freeze PATTERN          parameters that keep their values: conv1, layer1.*, *.bias
      --lr-scale PATTERN=X      multiply the rate of these parameters, e.g. classifier=10
      --seed N                  of weights, order and split (0)
      --checkpoint-every STEPS  steps between two checkpoints (each epoch, and each 5 minutes)
      --resize N                pictures in files: resize the shorter side to N pixels before the
                                crop
      --size N                  pictures in files: cut N×N pixels (or HxW) out, or without --resize
                                shrink to them
      --weights FILE            parameters from a .safetensors or .pth file (.weights for a .cfg),
                                in place of the model's own
      --out DIR                 the run's directory (runs/MODEL, runs/MODEL-2, …)
      --resume DIR              go on with the run in DIR; needs nothing else
      --find-rate               train nothing: try rising learning rates on a copy and advise one
      --json                    one JSON object at the end
      --device D                where to compute: cpu, or reference (plain loops: slow, and right)
                                (cpu)
      --threads N               threads to compute with (all processors)
      --tune on|off             whether the ways of running each convolution are timed, and the
                                fastest remembered (on for train and bench, else what was found
                                earlier is used)
      --precision f32|bf16      in which type convolutions and matrix products read their operands;
                                weights are kept in f32 (f32)
      --help                    this text

    examples:
      fovea train two-conv --data fashion-mnist --epochs 5
          trains, evaluates, says what to do next
      fovea train two-conv --data mnist:digits --validation 0.1 --schedule one-cycle --lr 0.1
          keeps the best model by a tenth of the training part
      fovea train --resume runs/two-conv
          goes on after Ctrl-C

    """
}
