(* To JavaScript the checker is one function, certnnVerdict, from a line to what the command says. *)

external publish : (string -> string) -> unit = "certnn_publish"

let () = publish (fun line -> snd (Verdicts.verdict line))
