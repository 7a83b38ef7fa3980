from impersonator_api.oauth import Presented, TokenRequest


def test_a_presented_client_does_not_print_its_proof() -> None:
    assert repr(Presented("shop", "hunter2")) == "Presented(client_id='shop')"


def test_a_token_request_does_not_print_what_it_was_sent() -> None:
    request = TokenRequest(
        presented=Presented("shop"), parameters={"refresh_token": "hunter2"}, proofs=["hunter2"], idempotency_key="key"
    )

    assert repr(request) == "TokenRequest(presented=Presented(client_id='shop'))"
