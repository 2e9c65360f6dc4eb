(* What a claim means: the training objective of two-layer ReLU networks, over any real field. The
   other part of the statement, what a claim is, is at the top of Checker.v. *)

From Coq Require Import ZArith.
From mathcomp Require Import all_ssreflect all_algebra ssrZ.
From Certnn Require Import Checker.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Definitions.

Variable R : realFieldType.

(* The number that an integer is, and that which the 64 bits of a double stand for. *)
Definition of_Z (z : Z) : R := (int_of_Z z)%:~R.
Definition double (w : Z) : R := of_Z (numerator w) / of_Z denominator.

Definition doubles p q (words : rows) : 'M[R]_(p, q) :=
  \matrix_(i, j) double (nth Z0 (nth [::] words i) j).

(* The ReLU. *)
Definition relu (t : R) : R := Num.max 0 t.

(* The Frobenius inner product, and the square of the Frobenius norm. *)
Definition inner p q (A B : 'M[R]_(p, q)) : R := \sum_i \sum_j A i j * B i j.
Definition square p q (A : 'M[R]_(p, q)) : R := inner A A.

(* An exponential function, and its logarithm. Of real numbers only the usual ones are such. *)
Definition exponential (exp log : R -> R) : Prop :=
  [/\ forall x y, exp (x + y) = exp x * exp y, forall x, 1 + x <= exp x &
      forall x, 0 < x -> exp (log x) = x].

(* Of a residual t. *)
Definition huber (delta t : R) : R :=
  if `|t| <= delta then t ^+ 2 / 2%:R else delta * `|t| - delta ^+ 2 / 2%:R.

Section Objective.

Variables exp log : R -> R.

(* The loss of a point, of outputs f where the targets are y. *)
Definition loss_of_point (l : loss) c (y f : 'I_c -> R) : R :=
  match l with
  | HalfSquared => \sum_j (f j - y j) ^+ 2 / 2%:R
  | Huber delta => \sum_j huber (double delta) (f j - y j)
  | Hinge => \sum_j relu (1 - y j * f j)
  | SquaredHinge => \sum_j relu (1 - y j * f j) ^+ 2 / 2%:R
  | Logistic => \sum_j log (1 + exp (- (y j * f j)))
  | Softmax => \sum_j y j * (log (\sum_k exp (f k)) - f j)
  end.

Definition total_loss (l : loss) n c (Y F : 'M[R]_(n, c)) : R :=
  \sum_i loss_of_point l (Y i) (F i).

(* A layer with the bias b, and the layer of ReLU neurons. *)
Definition layer n d m (X : 'M[R]_(n, d)) (W : 'M[R]_(d, m)) (b : 'rV[R]_m) : 'M[R]_(n, m) :=
  X *m W + const_mx 1 *m b.
Definition neurons n d m (X : 'M[R]_(n, d)) (U : 'M[R]_(d, m)) (h : 'rV[R]_m) : 'M[R]_(n, m) :=
  map_mx relu (layer X U h).

(* What a bias is when there is none, and what one adds to the weights' decay. *)
Definition possible (kind : bias) m (b : 'rV[R]_m) : Prop := if kind is NoBias then b = 0 else True.
Definition decay (kind : bias) m (b : 'rV[R]_m) : R := if kind is Decayed then square b else 0.

(* The training objective of the network x -> V^T (U^T x + h)_+ + b. *)
Definition objective (l : loss) (hidden output : bias) n d c m (X : 'M[R]_(n, d))
    (Y : 'M[R]_(n, c)) (reg : R) (U : 'M[R]_(d, m)) (h : 'rV[R]_m) (V : 'M[R]_(m, c))
    (b : 'rV[R]_c) : R :=
  total_loss l Y (layer (neurons X U h) V b) +
  reg / 2%:R * (square U + square V + decay hidden h + decay output b).

End Objective.

(* What a claim says: of networks of every width m. *)
Definition true_claim (statement : claim) : Prop :=
  let: Claim (Problem n d c l hidden output X Y reg) p q := statement in
  forall exp log : R -> R, (l = Logistic \/ l = Softmax -> exponential exp log) ->
  forall m (U : 'M[R]_(d, m)) (h : 'rV[R]_m) (V : 'M[R]_(m, c)) (b : 'rV[R]_c),
  possible hidden h -> possible output b ->
  of_Z p / of_Z q <=
    objective exp log l hidden output (doubles n d X) (doubles n c Y) (double reg) U h V b.

End Definitions.
